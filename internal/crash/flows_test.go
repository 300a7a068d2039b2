package crash_test

import "fmt"

const orderFlow = `workflow: order
version: "1.0.0"
input:
  type: object
  required: [id, items]
  properties: { id: { type: string }, items: { type: array, items: { type: string } } }
connections: { shop: { connector: http } }
variables: { paid: [] }
listen: { answered: { event: order.answered, match: { "data.order": "${ input.id }" } } }
steps:
  - id: booking
    parallel:
      - { id: reserve, action: http.post, connection: shop, with: { path: /reserve, body: { order: "${ input.id }" } }, retry: { attempts: 50, delay: 20ms, maxDelay: 200ms } }
      - { id: charge, action: http.post, connection: shop, with: { path: /charge, body: { order: "${ input.id }" } }, retry: { attempts: 50, delay: 20ms, maxDelay: 200ms } }
  - { id: cooldown, wait: 100ms }
  - id: ship
    foreach: input.items
    as: item
    concurrency: 2
    do:
      - { id: parcel, action: http.post, connection: shop, with: { path: /ship-, body: { order: "${ input.id }", part: "${ item }" } }, retry: { attempts: 50, delay: 20ms, maxDelay: 200ms } }
    output: "${ steps.parcel.output.body.id }"
  - { id: bill, call: invoice, with: { order: "${ input.id }" } }
  - id: pay
    while: len(vars.paid) < 2
    do:
      - { id: part, await: { signal: paid }, timeout: 2h }
      - { id: keep, append: { paid: "${ steps.part.output.data }" } }
  - { id: done, await: { signal: answered, where: event.data.order == input.id } }
output: { parcels: "${ steps.ship.output.results }", paid: "${ vars.paid }", invoice: "${ steps.bill.output.id }", answer: "${ steps.done.output.data.say }" }
`

// The order's child: at most five at once, the others wait in line. It emits
// what starts the run that tells the order's customer.
const invoiceFlow = `workflow: invoice
version: "1.0.0"
input: { type: object, required: [order], properties: { order: { type: string } } }
connections: { shop: { connector: http } }
concurrency: { limit: 5, onLimit: queue }
steps:
  - { id: write, action: http.post, connection: shop, with: { path: /invoice, body: { order: "${ input.order }" } }, retry: { attempts: 50, delay: 20ms, maxDelay: 200ms } }
  - { id: tell, emit: { type: invoice.written, data: { order: "${ input.order }" } } }
output: { id: "${ steps.write.output.body.id }" }
`

const mailFlow = `workflow: mail
version: "1.0.0"
input: { type: object, required: [order], properties: { order: { type: string } } }
connections: { shop: { connector: http } }
triggers:
  - { id: written, event: { type: invoice.written }, input: { order: "${ trigger.event.data.order }" } }
steps:
  - { id: send, action: http.post, connection: shop, with: { path: /mail, body: { order: "${ input.order }" } }, retry: { attempts: 50, delay: 20ms, maxDelay: 200ms } }
`

// effects is what an order does to the world, once each.
var effects = []string{"reserve", "charge", "ship-a", "ship-b", "invoice", "mail"}

// outputOf is what an order ends with.
func outputOf(order string) string {
	return fmt.Sprintf(`{"answer":"yes","invoice":"invoice-%s","paid":[1,2],"parcels":["ship-a-%s","ship-b-%s"]}`, order, order, order)
}

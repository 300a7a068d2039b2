package crash_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
)

const orderFlow = `workflow: order
version: "1.0.0"
input:
  type: object
  required: [id, lot, note, items]
  properties: { id: { type: string }, lot: { type: string }, note: { type: string }, items: { type: array, items: { type: string } } }
connections: { shop: { connector: http } }
variables: { paid: [] }
listen: { answered: { event: order.answered, match: { "data.order": "${ input.id }" } } }
steps:
  - id: booking
    parallel:
      - { id: reserve, action: http.post, connection: shop, with: { path: /reserve, body: { order: "${ input.id }" } }, retry: { attempts: 50, delay: 20ms, maxDelay: 200ms } }
      - { id: charge, action: http.post, connection: shop, with: { path: /charge, body: { order: "${ input.id }" } }, retry: { attempts: 50, delay: 20ms, maxDelay: 200ms } }
      - { id: decide, approval: { to: [boss], title: "Order ${ input.id }" } }
  - { id: cooldown, wait: 100ms, track: { lot: input.lot } }
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
  - { id: file, action: http.post, connection: shop, with: { path: /file, body: { order: "${ input.id }", note: "${ input.note }", detail: "${ steps.reserve.output.body.detail }" } }, retry: { attempts: 50, delay: 20ms, maxDelay: 200ms } }
  - { id: done, await: { signal: answered, where: event.data.order == input.id } }
output: { noted: "${ len(input.note) }", decided: "${ steps.decide.output.outcome }", parcels: "${ steps.ship.output.results }", paid: "${ vars.paid }", invoice: "${ steps.bill.output.id }", answer: "${ steps.done.output.data.say }" }
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
var effects = []string{"reserve", "charge", "ship-a", "ship-b", "invoice", "mail", "file"}

// large tells whether an order has values that are stored apart from its
// records: one in eight. Whatever is made of its name is the same each time.
func large(order string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(order))
	return h.Sum32()%8 == 0
}

// noteOf is the text that comes with an order: above 64 KiB in a large one.
func noteOf(order string) string {
	if !large(order) {
		return order
	}
	return strings.Repeat(order+" ", 66<<10/(len(order)+1)+1)
}

// detailOf is the list that is answered when an order is reserved: of several
// pages in a large one.
func detailOf(order string) []string {
	n := 1
	if large(order) {
		n = 2500
	}
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(order, "/", i)
	}
	return all
}

// inputOf is what an order starts with. Its lot stands in its name.
func inputOf(order string) string {
	lot, _, _ := strings.Cut(order, ".")
	return asJSON(map[string]any{"id": order, "lot": lot, "note": noteOf(order), "items": []string{"a", "b"}})
}

// outputOf is what an order ends with.
func outputOf(order string) string {
	return fmt.Sprintf(`{"answer":"yes","decided":"approve","invoice":"invoice-%[1]s","noted":%[2]d,"paid":[1,2],"parcels":["ship-a-%[1]s","ship-b-%[1]s"]}`,
		order, len(noteOf(order)))
}

// asJSON panics for what has no JSON.
func asJSON(x any) string {
	b, err := json.Marshal(x)
	if err != nil {
		panic(err)
	}
	return string(b)
}

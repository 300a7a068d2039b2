package shop

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// What the shop refuses, so that a run can be seen to undo what it did.
const (
	// SoldOut is the article that is never in stock.
	SoldOut = "SOLD-OUT"
	// CardLimit is the amount above which a charge is declined.
	CardLimit = 10_000
)

// request is what an operation is asked.
type request struct {
	key, order, print string
	body              []byte
}

// operation answers a request. It reads the state and names the effect that
// the ledger then records, empty when there is none.
type operation func(st *state, q request) (effect effect, a answer)

// effect is what changed in the world.
type effect struct {
	Operation string  `json:"operation"`
	Order     string  `json:"order"`
	Amount    float64 `json:"amount,omitempty"`
}

// operations are the shop's routes.
var operations = map[string]operation{
	"POST /stock/reservations":                 reserve,
	"DELETE /stock/orders/{order}/reservation": release,
	"POST /payment/charges":                    charge,
	"POST /payment/orders/{order}/refund":      refund,
	"POST /shipping/parcels":                   ship,
	"GET /stock/orders/{order}/reservation":    showReservation,
	"GET /payment/orders/{order}/balance":      showBalance,
}

// state is what the effects add up to.
type state struct {
	reserved map[string]bool
	balance  map[string]float64
}

func (st *state) apply(e effect) {
	switch e.Operation {
	case "reserve":
		st.reserved[e.Order] = true
	case "release":
		delete(st.reserved, e.Order)
	case "charge", "refund":
		st.balance[e.Order] += e.Amount
	}
}

func reserve(_ *state, q request) (effect, answer) {
	var in struct {
		Order string `json:"order"`
		Items []struct {
			SKU string `json:"sku"`
			Qty *int   `json:"qty"`
		} `json:"items"`
	}
	if err := read(q.body, &in); err != nil || in.Order == "" || len(in.Items) == 0 {
		return effect{}, problem(http.StatusBadRequest, "a reservation needs an order and items")
	}
	for _, item := range in.Items {
		if item.SKU == "" || item.Qty != nil && *item.Qty < 1 {
			return effect{}, problem(http.StatusBadRequest, "an item needs a sku, and a qty of at least 1")
		}
		if item.SKU == SoldOut {
			return effect{}, problem(http.StatusConflict, item.SKU+" is sold out")
		}
	}
	return effect{Operation: "reserve", Order: in.Order},
		jsonAnswer(http.StatusCreated, map[string]any{"id": name("RES", q), "order": in.Order})
}

func release(st *state, q request) (effect, answer) {
	done := effect{}
	if st.reserved[q.order] {
		done = effect{Operation: "release", Order: q.order}
	}
	return done, jsonAnswer(http.StatusOK, map[string]any{"order": q.order, "released": done.Operation != ""})
}

func showReservation(st *state, q request) (effect, answer) {
	return effect{}, jsonAnswer(http.StatusOK, map[string]any{"order": q.order, "reserved": st.reserved[q.order]})
}

func charge(_ *state, q request) (effect, answer) {
	var in struct {
		Order  string   `json:"order"`
		Amount *float64 `json:"amount"`
	}
	if err := read(q.body, &in); err != nil || in.Order == "" || in.Amount == nil || *in.Amount < 0 {
		return effect{}, problem(http.StatusBadRequest, "a charge needs an order and an amount that is not negative")
	}
	if *in.Amount > CardLimit {
		return effect{}, problem(http.StatusPaymentRequired, "the card was declined")
	}
	return effect{Operation: "charge", Order: in.Order, Amount: *in.Amount},
		jsonAnswer(http.StatusCreated, map[string]any{"id": name("CHG", q), "order": in.Order, "amount": *in.Amount})
}

func refund(st *state, q request) (effect, answer) {
	amount := st.balance[q.order]
	done := effect{}
	if amount != 0 {
		done = effect{Operation: "refund", Order: q.order, Amount: -amount}
	}
	return done, jsonAnswer(http.StatusOK, map[string]any{"order": q.order, "refunded": amount})
}

func showBalance(st *state, q request) (effect, answer) {
	return effect{}, jsonAnswer(http.StatusOK, map[string]any{"order": q.order, "balance": st.balance[q.order]})
}

func ship(_ *state, q request) (effect, answer) {
	var in struct {
		Order string `json:"order"`
		SKU   string `json:"sku"`
		Qty   *int   `json:"qty"`
	}
	if err := read(q.body, &in); err != nil || in.SKU == "" || in.Qty != nil && *in.Qty < 1 {
		return effect{}, problem(http.StatusBadRequest, "a parcel needs a sku, and a qty of at least 1")
	}
	return effect{Operation: "ship", Order: in.Order},
		jsonAnswer(http.StatusCreated, map[string]any{"tracking": name("TRK", q), "sku": in.SKU})
}

// read decodes a body strictly.
func read(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("data after the document")
	}
	return nil
}

// name derives what the answer calls the thing from its request, so that the
// same key yields the same name in every life of the process.
func name(prefix string, q request) string {
	sum := sha256.Sum256([]byte(q.key + "\x00" + q.print))
	return prefix + "-" + strings.ToUpper(hex.EncodeToString(sum[:4]))
}

// fingerprint tells requests apart that came with the same key.
func fingerprint(method, path string, body []byte) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\x00%s\x00", method, path)
	sum.Write(body)
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

package engine

import (
	"errors"
	"time"

	"revere/alerting"
)

// The form of a dispatcher's steps, after a version: the codes with their reasons; the attempts, each
// its delivery, its number and a flag; the results, each its delivery, attempt, state with two flags,
// when to look again in milliseconds since 1970, the provider's id and the reason's place.
const stepsVersion = 1

const (
	flagDuplicate = 1

	flagReceipt = 1
	flagRetry   = 2
	resultFlags = 2 // bits
)

func (p *packing) steps(attempts []alerting.Attempt, results []alerting.Result) []byte {
	begin := len(p.data)
	p.number(stepsVersion)
	p.number(uint64(len(attempts)))
	for _, a := range attempts {
		p.number(uint64(a.Delivery))
		p.number(uint64(a.Attempt))
		p.flag(a.PossibleDuplicate, flagDuplicate)
	}
	rows, reasons := p.begin(len(results)), &p.tables[0]
	for i := range results {
		r := &results[i]
		rows.number(uint64(r.Delivery))
		rows.number(uint64(r.Attempt))
		head := uint64(r.State) << resultFlags
		if r.Receipt {
			head |= flagReceipt
		}
		if !r.RetryAt.IsZero() {
			head |= flagRetry
		}
		rows.number(head)
		if !r.RetryAt.IsZero() {
			rows.number(uint64(r.RetryAt.UnixMilli()))
		}
		rows.text(r.ProviderID)
		rows.number(because(reasons, r))
	}
	p.end(rows, 1)
	return p.data[begin:]
}

// because is the place of a result's code and reason; few recur often.
func because(reasons *table, r *alerting.Result) uint64 {
	if r.Code == "" && r.Reason == "" {
		return place[string](reasons)
	}
	return place(reasons, r.Code, r.Reason)
}

// unpackSteps reads what a packing wrote.
func unpackSteps(data packedText) (attempts []alerting.Attempt, results []alerting.Result, err error) {
	u := unpacker{rest: string(data)}
	if u.number() != stepsVersion {
		return nil, nil, errors.New("the packed steps are of another version")
	}
	if n := u.count(); n > 0 {
		attempts = make([]alerting.Attempt, n)
	}
	for i := range attempts {
		attempts[i] = alerting.Attempt{Delivery: uint32(u.number()), Attempt: int(u.number()), PossibleDuplicate: u.number() == flagDuplicate}
	}
	reasons := lists[string](&u)
	if n := u.count(); n > 0 {
		results = make([]alerting.Result, n)
	}
	for i := range results {
		results[i] = u.result(reasons)
	}
	if u.damaged || u.rest != "" {
		return nil, nil, errPacked
	}
	return attempts, results, nil
}

func (u *unpacker) result(reasons [][]string) alerting.Result {
	r := alerting.Result{Delivery: uint32(u.number()), Attempt: int(u.number())}
	head := u.number()
	r.State, r.Receipt = alerting.State(head>>resultFlags), head&flagReceipt != 0
	if head&flagRetry != 0 {
		r.RetryAt = time.UnixMilli(int64(u.number())).UTC()
	}
	r.ProviderID = u.text()
	if why := pick(u, reasons, u.number()); len(why) == 2 {
		r.Code, r.Reason = why[0], why[1]
	}
	return r
}

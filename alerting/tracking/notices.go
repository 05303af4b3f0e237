package tracking

import (
	"slices"

	"revere/alerting"
)

// A notice is a delivery that belongs to no recipient: what we send back to who wrote to us. Few go to one address
// about one alert, among very many to others.

// NoticesTo returns an alert's notices to an address, the oldest first.
func (b *Board) NoticesTo(key alerting.Key, channel, address string) []DeliveryView {
	_ = b.Recall(key)
	b.mu.RLock()
	defer b.mu.RUnlock()
	a := b.alerts[key]
	if a == nil {
		return nil
	}
	var views []DeliveryView
	for _, i := range a.noticed[channel+" "+address] {
		views = append(views, b.deliveryView(a, i))
	}
	return views
}

// noticesSent lists the provider's ids of an alert's notices to a channel and address.
func (a *alert) noticesSent(to string) (ids []string) {
	for _, i := range a.noticed[to] {
		ids = append(ids, a.sent(&a.deliveries[i])...)
	}
	return ids
}

// sent lists the provider's ids of what was sent for a delivery, the oldest first.
func (a *alert) sent(d *delivery) (ids []string) {
	for e := range a.history.backwards(d.history) {
		if e.providerID != 0 {
			ids = append(ids, a.history.texts.at(e.providerID))
		}
	}
	slices.Reverse(ids)
	return ids
}

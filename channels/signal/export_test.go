package signal

import "net/http"

// SetTransport lets a test hold the clock, which no real connection obeys.
func (c *Channel) SetTransport(t http.RoundTripper) { c.client.Transport = t }

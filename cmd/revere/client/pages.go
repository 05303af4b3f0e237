package client

import (
	"context"
	"iter"
	"maps"
	"net/url"
)

// A Page is one answer of a list.
type Page[T any] struct {
	Data       []T     `json:"data"`
	NextCursor *string `json:"next_cursor"`
}

// All goes through a list from its first page to its last, reading each page when it is come to.
// It ends at the first error, which comes with a zero T.
func All[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		query = maps.Clone(query)
		if query == nil {
			query = url.Values{}
		}
		for {
			var page Page[T]
			if err := c.Get(ctx, path, query, &page); err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, entry := range page.Data {
				if !yield(entry, nil) {
					return
				}
			}
			if page.NextCursor == nil || *page.NextCursor == "" {
				return
			}
			query.Set("cursor", *page.NextCursor)
		}
	}
}

package client

import "context"

// Status says how the engine does.
func (c *Client) Status(ctx context.Context) (EngineStatus, error) {
	req, err := NewGetStatusRequest(c.server)
	var out EngineStatus
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// Purge drops some of the runs that a filter means; Next of the answer is the
// cursor of the next call.
func (c *Client) Purge(ctx context.Context, r PurgeRequest) (Purged, error) {
	req, err := NewPurgeRunsRequest(c.server, r)
	var out Purged
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// Purges says what was dropped, newest first, at most so many entries; 0: as
// many as the server likes.
func (c *Client) Purges(ctx context.Context, limit int) (PurgeList, error) {
	p := ListPurgesParams{}
	if limit > 0 {
		p.Limit = &limit
	}
	req, err := NewListPurgesRequest(c.server, &p)
	var out PurgeList
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

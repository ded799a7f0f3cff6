package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// target is a request that is sent again and again.
type target struct {
	addr string
	tls  *tls.Config
	// request is the whole request as it goes over the wire. It is made once: the
	// generator shares the cores with what it measures, and an http.Client costs
	// as much as a tenth of a token.
	request []byte
	// expect must be part of each body.
	expect []byte
}

// get makes the bytes of a GET.
func get(host, path string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: sekisho-bench\r\nAccept: application/json\r\n\r\n")
}

// post makes the bytes of a form POST.
func post(host, path, form string) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: sekisho-bench\r\nAccept: application/json\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", path, host, len(form), form)
}

// amount is how much load a run is: for a time, or a number of requests.
type amount struct {
	time  time.Duration
	count int
}

// load is what a run brought.
type load struct {
	count     int
	took      time.Duration
	latencies []time.Duration // ascending
}

func (l *load) rate() float64 { return float64(l.count) / l.took.Seconds() }

// percentile is the latency that the share p of the requests did not exceed.
func (l *load) percentile(p float64) time.Duration {
	if len(l.latencies) == 0 {
		return 0
	}
	i := int(p*float64(len(l.latencies))+0.5) - 1
	return l.latencies[min(max(i, 0), len(l.latencies)-1)]
}

// drive sends the request over that many kept-alive connections at once. The
// first failure ends the run and is returned.
func drive(ctx context.Context, t *target, connections int, much amount) (*load, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	clients := make([]*client, connections)
	for i := range clients {
		c, err := dial(ctx, t)
		if err != nil {
			return nil, err
		}
		defer func() { _ = c.conn.Close() }()
		clients[i] = c
	}
	var left atomic.Int64
	left.Store(int64(much.count))
	start := time.Now()
	more := func() bool {
		if ctx.Err() != nil {
			return false
		}
		if much.count > 0 {
			return left.Add(-1) >= 0
		}
		return time.Since(start) < much.time
	}
	errs := make([]error, connections)
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			if errs[i] = c.loop(more); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	l := &load{took: time.Since(start)}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, c := range clients {
		l.latencies = append(l.latencies, c.latencies...)
	}
	l.count = len(l.latencies)
	slices.Sort(l.latencies)
	return l, ctx.Err()
}

// client is one kept-alive connection.
type client struct {
	target    *target
	conn      net.Conn
	reader    *bufio.Reader
	body      bytes.Buffer
	latencies []time.Duration
}

func dial(ctx context.Context, t *target) (*client, error) {
	d := tls.Dialer{Config: t.tls}
	conn, err := d.DialContext(ctx, "tcp", t.addr)
	if err != nil {
		return nil, err
	}
	return &client{target: t, conn: conn, reader: bufio.NewReaderSize(conn, 16<<10), latencies: make([]time.Duration, 0, 4096)}, nil
}

// patience is how long a connection may take for a few hundred requests.
const patience = 2 * time.Minute

func (c *client) loop(more func() bool) error {
	for n := 0; more(); n++ {
		if n%256 == 0 {
			if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
				return err
			}
		}
		start := time.Now()
		if err := c.ask(); err != nil {
			return err
		}
		c.latencies = append(c.latencies, time.Since(start))
	}
	return nil
}

func (c *client) ask() error {
	if _, err := c.conn.Write(c.target.request); err != nil {
		return err
	}
	resp, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return err
	}
	c.body.Reset()
	_, err = io.Copy(&c.body, resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || !bytes.Contains(c.body.Bytes(), c.target.expect) {
		return fmt.Errorf("answered %d: %.300s", resp.StatusCode, c.body.Bytes())
	}
	return nil
}

// once sends the request one time over a new connection and gives the body.
func once(ctx context.Context, t *target) ([]byte, error) {
	c, err := dial(ctx, t)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.conn.Close() }()
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	err = c.ask()
	return c.body.Bytes(), err
}

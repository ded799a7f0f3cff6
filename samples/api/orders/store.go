package orders

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
)

// Owner is the person or the service principal that an order belongs to.
type Owner struct {
	TenantID string `json:"tenantId"`
	ObjectID string `json:"objectId"`
}

// Order is an order.
type Order struct {
	ID       string `json:"id"`
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
	Owner    Owner  `json:"owner"`
}

// maxOrders bounds what a Store keeps.
const maxOrders = 10_000

// ErrFull is returned by a Store that holds as many orders as it may.
var ErrFull = errors.New("the store of orders is full")

// Store keeps orders in memory. The zero value is ready for use.
type Store struct {
	mu     sync.RWMutex
	orders []Order
}

// Load adds the orders in r, a JSON list; their ids are given here.
func (s *Store) Load(r io.Reader) error {
	var list []Order
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&list); err != nil {
		return fmt.Errorf("reading orders: %w", err)
	}
	for _, o := range list {
		if _, err := s.Add(o); err != nil {
			return err
		}
	}
	return nil
}

// Add keeps an order and returns it with its id.
func (s *Store) Add(o Order) (Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.orders) >= maxOrders {
		return Order{}, ErrFull
	}
	o.ID = strconv.Itoa(len(s.orders) + 1)
	s.orders = append(s.orders, o)
	return o, nil
}

// OfTenant lists the orders of everybody in a tenant.
func (s *Store) OfTenant(tenantID string) []Order {
	return s.where(func(o Owner) bool { return o.TenantID == tenantID })
}

// OfOwner lists the orders of one person or service principal.
func (s *Store) OfOwner(owner Owner) []Order {
	return s.where(func(o Owner) bool { return o == owner })
}

func (s *Store) where(keep func(Owner) bool) []Order {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := []Order{}
	for _, o := range s.orders {
		if keep(o.Owner) {
			list = append(list, o)
		}
	}
	return list
}

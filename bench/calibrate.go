package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// unit is what the machine could do at one moment.
type unit struct {
	s time.Duration // CPU time of one RSA-2048 signature
	l float64       // signatures per second on all cores
}

// between is the unit of a run that lies between two calibrations.
func between(a, b unit) unit { return unit{s: (a.s + b.s) / 2, l: (a.l + b.l) / 2} }

// A yardstick is the key that signs in calibrations.
type yardstick struct {
	key    *rsa.PrivateKey
	digest [sha256.Size]byte
}

func newYardstick() (*yardstick, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return &yardstick{key: key, digest: sha256.Sum256([]byte("a message of no importance"))}, nil
}

// calibrate signs on every core for about d.
func (y *yardstick) calibrate(d time.Duration) (unit, error) {
	cores := runtime.NumCPU()
	counts, errs := make([]int, cores), make([]error, cores)
	cpu, start := ownCPU(), time.Now()
	var wg sync.WaitGroup
	for i := range cores {
		wg.Go(func() {
			for time.Since(start) < d && errs[i] == nil {
				_, errs[i] = rsa.SignPKCS1v15(nil, y.key, crypto.SHA256, y.digest[:])
				counts[i]++
			}
		})
	}
	wg.Wait()
	took, spent := time.Since(start), ownCPU()-cpu
	n := 0
	for i := range cores {
		if errs[i] != nil {
			return unit{}, fmt.Errorf("calibrating: %w", errs[i])
		}
		n += counts[i]
	}
	return unit{s: spent / time.Duration(n), l: float64(n) / took.Seconds()}, nil
}

// ownCPU is the CPU time of this process so far.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // cannot fail for the process itself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

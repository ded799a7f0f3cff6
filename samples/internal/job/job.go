// Package job is what the daemons among the samples have in common: a program
// that does its work once or at intervals, and the call to the orders API. How a
// daemon gets its token is its own business and stands in its own main package.
package job

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

// Exit statuses.
const (
	succeeded   = 0
	failed      = 1 // the work failed, in a program that does it once
	badSettings = 2
)

// A Program does its work at once and then at intervals, until it is stopped.
type Program struct {
	Name string
	Args []string
	// Lookup finds a setting: os.LookupEnv.
	Lookup   func(string) (string, bool)
	Out, Err io.Writer
	// Ticks begins to tick at an interval; a test ticks by hand.
	Ticks func(time.Duration) (ticks <-chan time.Time, stop func())
}

// Process is the program that this process is.
func Process(name string) Program {
	return Program{
		Name: name, Args: os.Args[1:], Lookup: os.LookupEnv, Out: os.Stdout, Err: os.Stderr,
		Ticks: func(d time.Duration) (<-chan time.Time, func()) {
			t := time.NewTicker(d)
			return t.C, t.Stop
		},
	}
}

// Work is one round of work.
type Work func(context.Context) error

// Main runs the program until SIGINT or SIGTERM and ends the process.
func (p Program) Main(setup func(*setting.Reader, Program) Work) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := p.Run(ctx, setup)
	stop()
	os.Exit(status)
}

// Run runs the program until ctx is done. It returns the exit status. setup reads
// the settings; the work that it returns is not used if one of them is at fault.
func (p Program) Run(ctx context.Context, setup func(*setting.Reader, Program) Work) int {
	flags := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	flags.SetOutput(p.Err)
	once := flags.Bool("once", false, "call once and end: status 0 if the call succeeded, 1 if not")
	if err := flags.Parse(p.Args); err != nil {
		return badSettings
	}
	r := setting.New(p.Lookup)
	work := setup(r, p)
	interval := r.Duration("INTERVAL", time.Minute)
	if err := r.Err(); err != nil {
		fmt.Fprintf(p.Err, "%s: settings:\n%v\n", p.Name, err)
		return badSettings
	}
	if *once {
		if err := work(ctx); err != nil {
			p.Report(err)
			return failed
		}
		return succeeded
	}
	ticks, stop := p.Ticks(interval)
	defer stop()
	for {
		// A round that fails is reported and the next one tries again: the API or
		// the network may have been away.
		if err := work(ctx); err != nil && ctx.Err() == nil {
			p.Report(err)
		}
		select {
		case <-ctx.Done():
			return succeeded
		case <-ticks:
		}
	}
}

// Report tells the operator of something that went wrong.
func (p Program) Report(err error) { fmt.Fprintf(p.Err, "%s: %v\n", p.Name, err) }

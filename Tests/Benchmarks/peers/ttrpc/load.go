// The load: each connection is a client of its own, each of its calls in flight a goroutine that makes the next call
// when one ends.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	payloadBytes = 128
	callTimeout  = 10 * time.Second
	// Between a failed call and the next, so that a server that refuses all is not asked in a tight circle.
	pauseAfterFailure = 10 * time.Millisecond
)

type options struct {
	server                string
	isChatd               bool
	connections, inFlight int
	warmUp, duration      time.Duration
	serverPID             int
}

func parseOptions(arguments []string) options {
	if len(arguments) == 0 || arguments[0] != "echo" {
		fail(exitUsage, "this peer's only work is `echo`")
	}
	flags := flag.NewFlagSet("load echo", flag.ContinueOnError)
	server := flags.String("server", "", "the server, `HOST:PORT`")
	service := flags.String("service", "peer", "whose server it is, `chatd or peer`; both serve the same name")
	connections := flags.Int("connections", 1, "connections, 1 to 20000")
	inFlight := flags.Int("in-flight", 1, "calls in flight on each, 1 to 10000")
	duration := flags.Float64("duration", 10, "how long to measure, 0.1 to 86400 `seconds`")
	warmUp := flags.Float64("warm-up", 1, "how long to make calls before that, 0 to 3600 `seconds`")
	pid := flags.Int("server-pid", 0, "whose CPU and memory to count")
	if err := flags.Parse(arguments[1:]); err != nil {
		os.Exit(exitUsage)
	}
	isInBounds := *connections >= 1 && *connections <= 20000 && *inFlight >= 1 && *inFlight <= 10000 &&
		*duration >= 0.1 && *duration <= 86400 && *warmUp >= 0 && *warmUp <= 3600 && *pid >= 0
	if *server == "" || !isInBounds || flags.NArg() > 0 || (*service != "chatd" && *service != "peer") {
		flags.Usage()
		os.Exit(exitUsage)
	}
	seconds := func(value float64) time.Duration { return time.Duration(value * float64(time.Second)) }
	return options{
		server: *server, isChatd: *service == "chatd", connections: *connections, inFlight: *inFlight,
		warmUp: seconds(*warmUp), duration: seconds(*duration), serverPID: *pid,
	}
}

const (
	warmingUp int32 = iota
	measuring
	stopping
)

// What the goroutines share.
type load struct {
	options   options
	phase     int32
	latencies histogram
	errors    uint64
	telling   sync.Once
}

func makeLoad(o options) int {
	run := &load{options: o}
	clients := make([]*ttrpc.Client, o.connections)
	for index := range clients {
		connection, err := net.DialTimeout("tcp", o.server, callTimeout)
		if err != nil {
			fail(exitUnavailable, err.Error())
		}
		clients[index] = ttrpc.NewClient(connection)
	}
	var callers sync.WaitGroup
	for _, client := range clients {
		for count := 0; count < o.inFlight; count++ {
			callers.Add(1)
			go func(client *ttrpc.Client) {
				defer callers.Done()
				run.makeCalls(client)
			}(client)
		}
	}
	time.Sleep(o.warmUp)
	m := measured{latencies: &run.latencies, cpuSeconds: -cpuSeconds(o.serverPID)}
	began := time.Now()
	atomic.StoreInt32(&run.phase, measuring)
	time.Sleep(o.duration)
	atomic.StoreInt32(&run.phase, stopping)
	m.seconds = time.Since(began).Seconds()
	m.cpuSeconds += cpuSeconds(o.serverPID)
	m.resident = residentBytes(o.serverPID)
	// Each call has a time limit, so they end soon.
	callers.Wait()
	m.errors = run.errors
	return report(o, m)
}

func (l *load) makeCalls(client *ttrpc.Client) {
	request := &echoMessage{payload: bytes.Repeat([]byte{'x'}, payloadBytes)}
	began := time.Now()
	for atomic.LoadInt32(&l.phase) != stopping {
		err := call(client, request)
		ended := time.Now()
		isMeasuring := atomic.LoadInt32(&l.phase) == measuring
		if err == nil {
			if isMeasuring {
				l.latencies.record(uint64(ended.Sub(began)))
			}
			began = ended
			continue
		}
		if isMeasuring {
			atomic.AddUint64(&l.errors, 1)
		}
		l.telling.Do(func() { l.tell(err) })
		time.Sleep(pauseAfterFailure)
		began = time.Now()
	}
}

func call(client *ttrpc.Client, request *echoMessage) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	var reply echoMessage
	if err := client.Call(ctx, serviceName, methodName, request, &reply); err != nil {
		return err
	}
	if !bytes.Equal(reply.payload, request.payload) {
		return fmt.Errorf("sent %d bytes, and %d others came back", len(request.payload), len(reply.payload))
	}
	return nil
}

func (l *load) tell(err error) {
	fmt.Fprintln(os.Stderr, "a call failed:", err)
	if l.options.isChatd && status.Code(err) == codes.Unimplemented {
		fmt.Fprintln(os.Stderr, "start chatd with --diagnostics")
	}
}

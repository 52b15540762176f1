// The latency histogram, the server's process as /proc shows it, and the report: what ../measure.h is to the programs
// in C.
package main

import (
	"fmt"
	"math"
	"math/bits"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// Each power of two of nanoseconds has 2^8 buckets, so a value is known to 0.4 %; longer ones than 2^40 ns, 18 minutes,
// count as that.
const (
	stepBits  = 8
	valueBits = 40
	buckets   = (valueBits - stepBits + 1) << stepBits
)

// Any goroutine may record.
type histogram struct {
	counts [buckets]uint64
	count  uint64
	maxNS  uint64
}

func bucketOf(ns uint64) int {
	shift := bits.Len64(ns|1) - stepBits - 1
	if shift < 0 {
		shift = 0
	}
	return shift<<stepBits + int(ns>>uint(shift))
}

func lastValue(bucket int) uint64 {
	shift := bucket>>stepBits - 1
	if shift < 0 {
		shift = 0
	}
	return uint64(bucket-shift<<stepBits+1)<<uint(shift) - 1
}

func (h *histogram) record(ns uint64) {
	bucket := bucketOf(ns)
	if bucket >= buckets {
		bucket = buckets - 1
	}
	atomic.AddUint64(&h.counts[bucket], 1)
	atomic.AddUint64(&h.count, 1)
	for {
		max := atomic.LoadUint64(&h.maxNS)
		if ns <= max || atomic.CompareAndSwapUint64(&h.maxNS, max, ns) {
			return
		}
	}
}

// The smallest value that this part of all does not exceed, rounded up to its bucket's end.
func (h *histogram) quantileNS(part float64) uint64 {
	wanted := uint64(math.Max(1, math.Ceil(float64(h.count)*part)))
	seen := uint64(0)
	for bucket, count := range h.counts {
		if seen += count; seen >= wanted {
			if last := lastValue(bucket); last < h.maxNS {
				return last
			}
			return h.maxNS
		}
	}
	return h.maxNS
}

// What Linux counts CPU time in, on every machine that Go runs on.
const ticksPerSecond = 100

// User and system time of all threads of a process; the load ends where there is no such process.
func cpuSeconds(pid int) float64 {
	if pid == 0 {
		return 0
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	// The name in brackets may hold anything: fields are counted from behind it.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if err != nil || len(fields) < 13 {
		fail(exitUnavailable, fmt.Sprintf("process %d cannot be looked at", pid))
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / ticksPerSecond
}

// Resident memory of a process; 0 when it is gone.
func residentBytes(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmRSS:" {
			kilobytes, _ := strconv.Atoi(fields[1])
			return kilobytes * 1024
		}
	}
	return 0
}

type measured struct {
	// Of the calls that succeeded.
	latencies  *histogram
	errors     uint64
	seconds    float64
	cpuSeconds float64
	resident   int
}

// Prints the line of JSON; gives the exit status.
func report(o options, m measured) int {
	calls, errors := float64(m.latencies.count), float64(m.errors)
	cpu, resident := "null", "null"
	if o.serverPID != 0 {
		cpu = fmt.Sprintf("%.3f", m.cpuSeconds*1e6/math.Max(1, calls+errors))
		resident = strconv.Itoa(m.resident)
	}
	quantile := func(part float64) float64 { return float64(m.latencies.quantileNS(part)) / 1000 }
	fmt.Printf(`{"calls_per_second":%.1f,"tokens_per_second":0.0,"errors":%d,`, calls/m.seconds, m.errors)
	fmt.Printf(`"latency_us":{"p50":%.1f,"p90":%.1f,"p99":%.1f,"p999":%.1f,"max":%.1f},`,
		quantile(0.5), quantile(0.9), quantile(0.99), quantile(0.999), float64(m.latencies.maxNS)/1000)
	fmt.Printf(`"server_cpu_us_per_call":%s,"server_rss_bytes":%s}`+"\n", cpu, resident)
	if calls > 0 && errors <= 0.01*(calls+errors) {
		return 0
	}
	if calls+errors == 0 {
		fail(exitCallsFailed, "no call ended while it was measured")
	}
	fmt.Fprintf(os.Stderr, "%.0f of %.0f calls failed: the figures mean nothing\n", errors, calls+errors)
	return exitCallsFailed
}

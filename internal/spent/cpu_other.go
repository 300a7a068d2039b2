//go:build !unix

package spent

import "time"

// cpuTime is 0: the system does not tell.
func cpuTime() time.Duration { return 0 }

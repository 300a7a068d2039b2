package tidy

// Module is the import path of the module whose tree is checked.
const Module = "github.com/keelstep/keelstep"

// row says which packages of ours a package may import. A trailing /... in
// either place stands for the package and all below it, * for any.
type row struct {
	pkg string
	may []string
}

// table is who may import whom. The first row that fits counts, so narrower
// rows stand above wider ones. A package without a row is a finding. Tests
// may import anything.
var table = []row{
	{"schema", nil},
	{"pkg/diag/page", []string{"pkg/diag"}},
	{"pkg/diag", nil},
	{"pkg/eventlog/boltlog", []string{"pkg/eventlog"}},
	{"pkg/eventlog/memlog", []string{"pkg/eventlog"}},
	{"pkg/eventlog/logtest", []string{"pkg/eventlog"}},
	{"pkg/eventlog", nil},
	{"pkg/connectors/...", []string{"pkg/connectors/..."}},
	{"pkg/backup", []string{"pkg/eventlog", "pkg/eventlog/boltlog"}},
	{"pkg/runfile", []string{"pkg/eventlog"}},
	{"pkg/egress", nil},
	{"pkg/secrets", []string{"pkg/expression"}},
	{"pkg/zone", nil},
	{"pkg/schedule", nil},
	{"pkg/expression/wdlexpr", []string{"pkg/diag", "pkg/expression", "pkg/zone"}},
	{"pkg/expression", []string{"pkg/diag", "pkg/zone"}},
	{"pkg/graph/draw", []string{"pkg/graph"}},
	{"pkg/graph", []string{"pkg/diag", "pkg/expression"}},
	{"pkg/dsl/wdl", []string{"pkg/dsl", "pkg/diag", "pkg/expression", "pkg/expression/wdlexpr"}},
	{"pkg/dsl/layout", []string{"pkg/dsl", "pkg/diag"}},
	{"pkg/dsl", []string{"schema", "pkg/diag", "pkg/expression", "pkg/graph", "pkg/schedule", "pkg/zone"}},
	{"pkg/fact", []string{"pkg/expression"}},
	{"pkg/interpreter", []string{"pkg/fact", "pkg/expression", "pkg/graph"}},
	{"pkg/books", []string{"pkg/fact", "pkg/expression", "pkg/graph", "pkg/schedule", "pkg/zone"}},
	{"pkg/config", []string{"schema", "pkg/dsl", "pkg/expression", "pkg/diag", "pkg/egress", "pkg/graph", "pkg/secrets"}},
	{"pkg/engine", []string{
		"schema", "pkg/diag", "pkg/eventlog", "pkg/runfile", "pkg/connectors", "pkg/secrets", "pkg/schedule", "pkg/zone", "pkg/expression",
		"pkg/graph", "pkg/dsl", "pkg/dsl/wdl", "pkg/fact", "pkg/interpreter", "pkg/books", "pkg/config",
	}},
	{"pkg/gateway", []string{"pkg/diag", "pkg/engine", "pkg/books", "pkg/expression", "pkg/graph", "pkg/secrets"}},
	{"pkg/scenario", []string{
		"pkg/engine", "pkg/dsl", "pkg/interpreter", "pkg/books", "pkg/fact", "pkg/graph", "pkg/expression",
		"pkg/connectors", "pkg/config", "pkg/diag", "pkg/secrets",
	}},
	{"pkg/console", nil},
	{"pkg/api/client", []string{"pkg/diag"}},
	{"pkg/api", []string{
		"pkg/diag", "pkg/engine", "pkg/gateway", "pkg/runfile", "pkg/connectors", "pkg/console", "pkg/graph", "pkg/expression",
	}},
	{"pkg/temporal/...", []string{
		"pkg/graph", "pkg/dsl", "pkg/dsl/wdl", "pkg/diag", "pkg/expression", "pkg/interpreter", "pkg/connectors",
	}},
	{"cmd/...", []string{"*"}},
	{"internal/...", []string{"*"}},
	{"samples/...", []string{"samples/..."}},
}

// confined says where a module of others may be imported; tests are free.
// The longest prefix of an import path counts.
var confined = []row{
	{"github.com/labstack/echo", []string{"pkg/api", "pkg/gateway"}},
	{"github.com/antchfx/xpath", nil}, // tests compare with it
	{"github.com/expr-lang/expr", []string{"pkg/expression"}},
	{"github.com/santhosh-tekuri/jsonschema", []string{"pkg/expression", "pkg/dsl", "pkg/config"}},
	{"go.etcd.io/bbolt", []string{"pkg/eventlog/boltlog", "internal/bench"}},
	{"go.yaml.in/yaml", []string{"pkg/dsl", "pkg/dsl/layout", "pkg/config", "cmd/..."}},
	{"github.com/tailscale/hujson", []string{"pkg/dsl", "pkg/dsl/layout"}},
	{"github.com/spf13/cobra", []string{"cmd/..."}},
	{"charm.land/lipgloss", []string{"cmd/..."}},
	{"github.com/oapi-codegen/runtime", []string{"pkg/api", "pkg/api/client"}},
	{"github.com/getkin/kin-openapi", []string{"pkg/connectors/..."}},
}

// core is the packages that are data in, data out.
var core = []string{
	"pkg/diag", "pkg/expression", "pkg/expression/wdlexpr", "pkg/graph", "pkg/fact", "pkg/interpreter", "pkg/books",
	"pkg/graph/draw", "pkg/schedule", "pkg/zone",
}

// impureImports must not be imported by the core, nor anything below them
// that is not in pureBelow.
var impureImports = []string{
	"bufio", "C", "context", "crypto/rand", "database/sql", "hash/maphash", "io/fs", "io/ioutil", "log", "math/rand", "net", "os",
	"path/filepath", "plugin", "runtime", "sync", "syscall", "testing", "unsafe",
}

// pureBelow is what lies below an impure import and is pure itself.
var pureBelow = []string{"net/netip", "net/url"}

// impureNames must not be named by the core: clocks, the machine's zone files,
// unordered iteration that no range statement shows, and printing.
var impureNames = []string{
	"fmt.Print", "fmt.Printf", "fmt.Println", "fmt.Scan", "fmt.Scanf", "fmt.Scanln",
	"reflect.MapKeys", "reflect.MapRange",
	"time.After", "time.AfterFunc", "time.LoadLocation", "time.Local", "time.NewTicker", "time.NewTimer", "time.Now",
	"time.Since", "time.Sleep", "time.Tick", "time.Until",
}

// unordered yields a map's entries in no order; only a sorting call may take
// them.
var unordered = []string{"maps.All", "maps.Keys", "maps.Values"}

// sorting puts what it takes in order or does not depend on its order.
var sorting = []string{"maps.Collect", "slices.Sorted", "slices.SortedFunc", "slices.SortedStableFunc"}

// The limits of size. Comments and blank lines count for a file; comments do
// not count for a function.
const (
	maxFileLines = 500
	maxFuncLines = 70
)

package wdlexpr

//go:generate go run ../../../internal/cmd/wdlfunctions -out ../../../docs/reference/logic-apps-functions.md

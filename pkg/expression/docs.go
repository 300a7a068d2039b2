package expression

//go:generate go run ../../internal/cmd/functions -out ../../docs/reference/functions.md

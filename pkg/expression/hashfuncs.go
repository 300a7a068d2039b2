package expression

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // a legacy function, for systems that ask for it
	"crypto/sha1" //nolint:gosec // see md5
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
)

// digestOf is a function that yields the hash of a text in hex.
func digestOf(name, summary, result string, make func() hash.Hash) *function {
	return transform(name, "", summary, func(s string) (string, error) {
		h := make()
		h.Write([]byte(s))
		return hex.EncodeToString(h.Sum(nil)), nil
	}, Example{name + `("abc")`, `"` + result + `"`})
}

var hashFunctions = []*function{
	digestOf("sha256", "The SHA-256 of the text, in hex.", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", sha256.New),
	digestOf("sha512", "The SHA-512 of the text, in hex.",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f", sha512.New),
	digestOf("sha1", "The SHA-1 of the text, in hex. A legacy: it protects nothing, use sha256().", "a9993e364706816aba3e25717850c26c9cd0d89d", sha1.New),
	digestOf("md5", "The MD5 of the text, in hex. A legacy: it protects nothing, use sha256().", "900150983cd24fb0d6963f7d28e17f72", md5.New),
	transform("crc32", "", "The CRC-32 (IEEE) of the text, in hex. It finds damage and protects nothing.",
		certain(func(s string) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(s))) }), Example{`crc32("abc")`, `"352441c2"`}),
	sealableFunction("hmacSha256", "", "The HMAC-SHA256 of the text under the key, in hex.", []string{"key", "text"},
		Example{`hmacSha256("key", "text")`, `"6afa9046a9579cad143a384c1b564b9a250d27d6f6a63f9f20bf3a7594c9e2c6"`}),
	sealableFunction("hmacSha512", "", "The HMAC-SHA512 of the text under the key, in hex.", []string{"key", "text"},
		Example{`hmacSha512("key", "text")[0:16]`, `"b585312acdd38ec1"`}),
}

func hmacOf(make func() hash.Hash) func(a []string) string {
	return func(a []string) string {
		mac := hmac.New(make, []byte(a[0]))
		mac.Write([]byte(a[1]))
		return hex.EncodeToString(mac.Sum(nil))
	}
}

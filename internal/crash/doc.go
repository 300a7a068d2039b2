// Package crash kills a real server again and again while it is under load,
// and checks that nothing that was acknowledged is lost and nothing is done
// twice. It has only tests.
package crash

// Package register without generators: those of cloud tokens need the clouds' clients.
package register

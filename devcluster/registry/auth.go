package main

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// userFile is a file with a line NAME:PASSWORD for each user.
type userFile string

// has tells whether the request brings a name and a password that are in the file now.
func (f userFile) has(request *http.Request) bool {
	name, password, given := request.BasicAuth()
	content, err := os.ReadFile(string(f))
	if !given || err != nil {
		return false
	}
	for _, line := range strings.Fields(string(content)) {
		if subtle.ConstantTimeCompare([]byte(line), []byte(name+":"+password)) == 1 {
			return true
		}
	}
	return false
}

// withPasswords asks for a password with every request.
func withPasswords(next http.Handler, users userFile) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if users.has(request) {
			next.ServeHTTP(answer, request)
			return
		}
		refuse(answer, `Basic realm="porch-registry"`)
	})
}

// withTokens asks for a token with every request, and hands tokens out.
func withTokens(next http.Handler, users userFile, lifetime time.Duration) http.Handler {
	issued := &tokens{lifetime: lifetime, grants: map[string]grant{}}
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		scope := scopeOf(request)
		switch {
		case request.URL.Path == "/token" && users.has(request):
			token := issued.issue(request.URL.Query()["scope"])
			answer.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(answer).Encode(map[string]any{
				"token": token, "expires_in": int(lifetime.Seconds()),
			})
		case request.URL.Path == "/token":
			refuse(answer, `Basic realm="porch-registry"`)
		case issued.allow(request, scope):
			next.ServeHTTP(answer, request)
		default:
			scheme := "http"
			if request.TLS != nil {
				scheme = "https"
			}
			refuse(answer, fmt.Sprintf(`Bearer realm="%s://%s/token",service="porch-registry",scope="%s"`,
				scheme, request.Host, scope))
		}
	})
}

func refuse(answer http.ResponseWriter, challenge string) {
	answer.Header().Set("WWW-Authenticate", challenge)
	answer.Header().Set("Content-Type", "application/json")
	answer.WriteHeader(http.StatusUnauthorized)
	fmt.Fprintln(answer, `{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}`)
}

// scopeOf is what a request needs: `repository:NAME:ACTIONS`, or nothing for the root.
func scopeOf(request *http.Request) string {
	path := strings.TrimPrefix(request.URL.Path, "/v2/")
	for _, part := range []string{"/manifests/", "/blobs/", "/tags/"} {
		if name, _, found := strings.Cut(path, part); found {
			if request.Method == http.MethodGet || request.Method == http.MethodHead {
				return "repository:" + name + ":pull"
			}
			return "repository:" + name + ":pull,push"
		}
	}
	return ""
}

// tokens are those that were handed out.
type tokens struct {
	lifetime time.Duration

	guard  sync.Mutex
	grants map[string]grant
}

type grant struct {
	scopes []string
	until  time.Time
}

func (t *tokens) issue(scopes []string) string {
	t.guard.Lock()
	defer t.guard.Unlock()
	token := rand.Text()
	t.grants[token] = grant{scopes: scopes, until: time.Now().Add(t.lifetime)}
	return token
}

func (t *tokens) allow(request *http.Request, scope string) bool {
	token, given := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
	t.guard.Lock()
	defer t.guard.Unlock()
	found, known := t.grants[token]
	if !given || !known || time.Now().After(found.until) {
		return false
	}
	for _, granted := range found.scopes {
		if scope == "" || strings.HasPrefix(granted, scope) {
			return true
		}
	}
	return scope == ""
}

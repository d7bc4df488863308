package main

import (
	"strings"
	"testing"
)

func TestWhatIsAResourceList(t *testing.T) {
	for name, text := range map[string]string{
		"kind alone":      "kind: ResourceList",
		"any version":     "apiVersion: v7\nkind: ResourceList",
		"JSON":            `{"kind": "ResourceList", "items": []}`,
		"empty fields":    "kind: ResourceList\nitems:\nresults:\nfunctionConfig:",
		"a marker before": "---\nkind: ResourceList\n",
		"any items":       "kind: ResourceList\nitems: [{kind: Pod}, {spec: [1]}]",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parseResourceList([]byte(text)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatIsNoResourceList(t *testing.T) {
	for name, each := range map[string]struct{ text, says string }{
		"nothing":              {"", "found none"},
		"only a comment":       {"# nothing", "found none"},
		"text":                 {"hello", "cannot unmarshal"},
		"another kind":         {"kind: List", `found "List"`},
		"no kind":              {"items: []", `found ""`},
		"two documents":        {"kind: ResourceList\n---\nkind: ResourceList", "found more"},
		"items no list":        {"kind: ResourceList\nitems: {a: b}", "cannot unmarshal"},
		"config no map":        {"kind: ResourceList\nfunctionConfig: [1]", "cannot unmarshal"},
		"results no list":      {"kind: ResourceList\nresults: {a: b}", "cannot unmarshal"},
		"a result that is not": {"kind: ResourceList\nresults: [1]", "cannot unmarshal"},
		"bad YAML":             {"kind: ResourceList\n\tx: 1", "found a tab"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseResourceList([]byte(each.text))
			if err == nil || !strings.Contains(err.Error(), each.says) {
				t.Errorf("found %v", err)
			}
		})
	}
}

package source

import (
	"bytes"
	"encoding/json"
)

// frame is an object or a list that is being read.
type frame struct {
	list  bool
	noted bool   // its members, or those of its first object, count
	value bool   // of an object: what comes next is a value
	name  string // of that value
	count int    // of values
}

// outline returns the members of the object that a JSON text begins with, and
// those of the first object in a list at its top or in a member there. Texts are
// their values; other values are "". The text may be cut off.
func outline(text []byte) map[string]string {
	members := map[string]string{}
	d := json.NewDecoder(bytes.NewReader(text))
	stack := []frame{{list: true, noted: true}} // of what is at the top
	for len(stack) > 0 {
		token, err := d.Token()
		if err != nil {
			break
		}
		top := &stack[len(stack)-1]
		if token == json.Delim('}') || token == json.Delim(']') {
			stack = stack[:len(stack)-1]
			continue
		}
		if !top.list && !top.value {
			top.name, _ = token.(string)
			top.value = true
			if _, known := members[top.name]; top.noted && !known {
				members[top.name] = ""
			}
			continue
		}
		first := top.count == 0
		top.count++
		top.value = false
		switch token := token.(type) {
		case json.Delim:
			inner := frame{list: token == '['}
			switch {
			case inner.list:
				inner.noted = top.noted && len(stack) <= 2
			case top.list:
				inner.noted = top.noted && first
			}
			stack = append(stack, inner)
		case string:
			if top.noted && !top.list && members[top.name] == "" {
				members[top.name] = token
			}
		}
	}
	return members
}

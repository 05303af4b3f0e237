package subscribers

import "slices"

// join and leave keep the memberships of one subscriber. They make new lists, since candidates hold
// the ones there were.

func (v *View) join(member, team string) {
	has := v.memberships[member]
	at, listed := slices.BinarySearch(has, team)
	if listed {
		return
	}
	v.memberships[member] = slices.Insert(slices.Clip(has), at, team)
	if e := v.subscribers[member]; e != nil {
		e.watched = true
	}
}

func (v *View) leave(member, team string) {
	left := slices.DeleteFunc(slices.Clone(v.memberships[member]), func(t string) bool { return t == team })
	if len(left) == 0 {
		delete(v.memberships, member)
		return
	}
	v.memberships[member] = left
}

// teamEdits gathers what memberships an import changes, so that each team is written once.
type teamEdits struct {
	view  *View
	edits map[string]*teamEdit
}

type teamEdit struct {
	join  []string
	leave map[string]bool
}

func (t teamEdits) set(subscriber string, want []string) {
	has := t.view.memberships[subscriber]
	for _, team := range has {
		if !slices.Contains(want, team) {
			t.edit(team).leave[subscriber] = true
		}
	}
	for _, team := range want {
		if edit := t.edit(team); !slices.Contains(has, team) && !slices.Contains(edit.join, subscriber) {
			edit.join = append(edit.join, subscriber)
		}
	}
}

func (t teamEdits) edit(team string) *teamEdit {
	if t.edits[team] == nil {
		t.edits[team] = &teamEdit{leave: map[string]bool{}}
	}
	return t.edits[team]
}

func (t teamEdits) changes() []Change {
	var changes []Change
	for _, team := range t.view.Teams() {
		edit := t.edits[team.ID]
		if edit == nil || len(edit.join) == 0 && len(edit.leave) == 0 {
			continue
		}
		changed := *team
		changed.Members = slices.DeleteFunc(slices.Clone(team.Members), func(m string) bool { return edit.leave[m] })
		changed.Members = append(changed.Members, edit.join...)
		changes = append(changes, changed.Put())
	}
	return changes
}

package provider

import (
	"context"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

func (a *API) categoryRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/v1/regions/{region}/categories", Who: Provider | Editor, Scope: auth.ScopeRead, Summary: "List the categories and terms that features of a region may have, with icons and labels", Handle: handle(a.listCategories)},
		{Method: "PUT", Path: "/v1/regions/{region}/categories/{category}", Who: Manager, Summary: "Add a category of the region's own, or change it", Handle: handle(a.setCategory)},
		{Method: "DELETE", Path: "/v1/regions/{region}/categories/{category}", Who: Manager, Summary: "Delete a category of the region's own; its features are shown by its group", Handle: handle(a.deleteCategory)},
	}
}

// CategoryEntry is a category, a group of them, or a term.
type CategoryEntry struct {
	ID     string            `json:"id"`
	Icon   string            `json:"icon" doc:"file of the maki or temaki set"`
	Labels map[string]string `json:"labels" doc:"by language"`
	Group  string            `json:"group,omitempty" doc:"absent of a group, which no feature has, and of a term"`
	Own    bool              `json:"own,omitempty" doc:"the region's own"`
}

// CategoryList is what features may be, and offer.
type CategoryList struct {
	Categories []CategoryEntry `json:"categories" doc:"groups and categories, in the order of menus; the region's own last"`
	Services   []CategoryEntry `json:"services"`
	Aids       []CategoryEntry `json:"aids"`
	Products   []CategoryEntry `json:"products"`
}

func (a *API) listCategories(ctx context.Context, c *Call, _ None) (CategoryList, error) {
	own, err := a.catalog.Categories(ctx, c.Region)
	list := CategoryList{Services: terms(taxonomy.Service), Aids: terms(taxonomy.Aid), Products: terms(taxonomy.Product)}
	for _, e := range taxonomy.All() {
		entry := CategoryEntry{ID: e.ID, Icon: e.Icon, Labels: e.Labels}
		if strings.Contains(e.ID, ".") {
			entry.Group = taxonomy.Group(e.ID)
		}
		list.Categories = append(list.Categories, entry)
	}
	for _, e := range own {
		list.Categories = append(list.Categories, CategoryEntry{e.ID, e.Icon, e.Labels, taxonomy.Group(e.ID), true})
	}
	return list, err
}

func terms(kind taxonomy.TermKind) (all []CategoryEntry) {
	for _, e := range taxonomy.Terms(kind) {
		all = append(all, CategoryEntry{ID: e.ID, Icon: e.Icon, Labels: e.Labels})
	}
	return all
}

// NewCategory is a category of a region's own.
type NewCategory struct {
	Icon   string            `json:"icon" doc:"one that another category has"`
	Labels map[string]string `json:"labels" doc:"by language"`
}

func (a *API) setCategory(ctx context.Context, c *Call, in NewCategory) (None, error) {
	category := catalog.Category{ID: c.Param("category"), Icon: in.Icon, Labels: in.Labels}
	return None{}, a.told(a.catalog.SetCategory(ctx, c.Region, c.stamp(), category))
}

func (a *API) deleteCategory(ctx context.Context, c *Call, _ None) (None, error) {
	return None{}, a.catalog.DeleteCategory(ctx, c.Region, c.stamp(), c.Param("category"))
}

func (c *Call) stamp() catalog.Stamp {
	return catalog.Stamp{At: time.Now().UTC().Truncate(time.Millisecond), By: c.Caller.ID()}
}

// SPDX-License-Identifier: Apache-2.0
/// What tables and views have alike: indexes, triggers, and what is said in SQL alone.
#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/docs/markdown.h"
#include "lifecycle/docs/pages.h"

namespace caisson::docs {
namespace {

std::string keys_of(const std::vector<std::string>& keys) {
    std::string text;
    for (const auto& key : keys) {
        text += (text.empty() ? "" : ", ") + code(key);
    }
    return text;
}

std::string state_text(const std::string& state) {
    return state == "disabled"  ? "never: it is switched off"
           : state == "always"  ? "on replicas too"
           : state == "replica" ? "on replicas only"
                                : "";
}

}  // namespace

std::string indexes_section(const std::vector<Index>& indexes,
                            const std::vector<Constraint>& constraints) {
    Grid grid({"index", "keys", "kind", "rows", "serves"});
    for (const auto& constraint : constraints) {
        const bool is_primary = constraint.kind == Constraint::Kind::primary_key;
        if (is_primary || constraint.kind == Constraint::Kind::unique) {
            grid.add({code(constraint.name), keys_of(constraint.columns), "btree, unique", "",
                      is_primary ? "the primary key" : "the constraint of this name"});
        } else if (constraint.kind == Constraint::Kind::exclusion) {
            grid.add({code(constraint.name), code(constraint.definition), "", "",
                      "the constraint of this name"});
        }
    }
    for (const auto& index : indexes) {
        auto kind = index.method + (index.is_unique ? ", unique" : "");
        if (!index.rest.empty()) {
            kind += ", " + code(index.rest);
        }
        grid.add({code(index.name), keys_of(index.keys), kind,
                  index.condition.empty() ? "" : "where " + code(index.condition),
                  cell_text(index.comment)});
    }
    return grid.empty() ? "" : "\n**Indexes**\n\n" + grid.text();
}

std::string triggers_section(const std::vector<Trigger>& triggers) {
    Grid grid({"trigger", "when", "how", "calls", "fires", "about"});
    for (const auto& trigger : triggers) {
        grid.add({code(trigger.name), code(trigger.moment), code(trigger.scope),
                  code(short_name(trigger.function)), state_text(trigger.state),
                  cell_text(trigger.comment)});
    }
    return grid.empty() ? "" : "\n**Triggers**\n\n" + grid.text();
}

std::string details_section(const std::vector<Thing>& details) {
    Grid grid({"also", "name", "definition", "about"});
    for (const auto& detail : details) {
        const bool has_own_name = detail.kind == "rule" || detail.kind == "statistics" ||
                                  detail.kind == "column setting" || detail.kind == "view default";
        grid.add({detail.kind, has_own_name ? code(own_name(detail.name)) : "",
                  code(detail.definition), cell_text(detail.comment)});
    }
    return grid.empty() ? "" : "\n**Also**\n\n" + grid.text();
}

}  // namespace caisson::docs

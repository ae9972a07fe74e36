// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/statements.h"

#include <utility>

#include <fmt/format.h>

namespace caisson::pg {

const Statement& readable_types() {
    static const Statement statement(
        "select t.oid::int8 as id, t.typtype in ('e', 'c') or coalesce(e.typtype in ('e', 'c'), "
        "false) as readable from pg_catalog.pg_type t left join pg_catalog.pg_type e on e.oid = "
        "t.typelem and t.typcategory = 'A' where t.oid = any($1)");
    return statement;
}

Prepared* Statements::find(const Statement& statement) {
    if (!by_use_.empty() && by_use_.front().statement == statement) {
        return &by_use_.front();
    }
    const auto found = by_text_.find(statement);
    if (found == by_text_.end()) {
        return nullptr;
    }
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return &by_use_.front();
}

Prepared& Statements::add(const Statement& statement, bool is_named) {
    by_use_.push_front({statement,
                        is_named ? fmt::format("caisson_{}", ++named_) : std::string(),
                        false,
                        true,
                        {},
                        {}});
    by_text_.emplace(statement, by_use_.begin());
    return by_use_.front();
}

std::vector<RequestPointer> Statements::forget(const Statement& statement) {
    const auto found = by_text_.find(statement);
    if (found == by_text_.end()) {
        return {};
    }
    auto waiting = std::move(found->second->waiting);
    by_use_.erase(found->second);
    by_text_.erase(found);
    return waiting;
}

std::vector<RequestPointer> Statements::clear() {
    std::vector<RequestPointer> waiting;
    for (auto& prepared : by_use_) {
        for (auto& request : prepared.waiting) {
            waiting.push_back(std::move(request));
        }
    }
    by_use_.clear();
    by_text_.clear();
    return waiting;
}

std::vector<std::string> Statements::evict() {
    std::vector<std::string> names;
    auto entry = by_use_.end();
    while (by_text_.size() > limit_ && entry != by_use_.begin()) {
        --entry;
        if (entry->is_ready) {
            names.push_back(entry->name);
            by_text_.erase(entry->statement);
            entry = by_use_.erase(entry);
        }
    }
    return names;
}

}  // namespace caisson::pg

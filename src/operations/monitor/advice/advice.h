// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What an operator should change, and why: rules judge facts (facts.h), each piece of advice
/// carries what it rests on, the SQL to apply and to undo, what may go wrong, and what it is worth.
/// Flow: read() (read.h) gathers facts, judge() turns them into advice, the verb reports. Pure.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "operations/monitor/advice/facts.h"

namespace caisson::advice {

enum class Risk { none, low, medium, high };
std::string_view text_of(Risk risk);

/// A number with its name and unit, as people read it.
struct Evidence {
    std::string name{};
    std::string value{};
};

struct Advice {
    std::string rule{};     ///< Id, such as `unused_index`: the anchor in docs/reference/advice.md.
    std::string object{};   ///< What it is about, as SQL writes it: `"public"."orders_note"`.
    std::string summary{};  ///< One sentence.
    std::vector<Evidence> evidence{};
    std::vector<std::string>
        apply{};  ///< Statements without a semicolon; empty: no SQL helps alone.
    std::vector<std::string> undo{};  ///< Empty where nothing is left to undo, or nothing can be.
    Risk risk = Risk::low;
    std::string caution{};      ///< What may go wrong, and when not to follow it.
    double worth = 0;           ///< 0 to 100 (worth.h): ranks advice of different kinds.
    bool is_structure = false;  ///< Its SQL belongs into a migration.
    std::string
        table{};  ///< `schema.name` where one table is concerned, for what explains another.
};

/// What could not be judged, and why: not the same as that there is nothing to say.
struct Unknown {
    std::string rule{};  ///< Empty: any may be concerned.
    std::string why{};
    /// Tables (`schema.table`), objects as in Advice, statements (`statement 7`) that it is about;
    /// empty: all that the rule judges.
    std::vector<std::string> about{};
};

struct Judgement {
    std::vector<Advice> advice{};  ///< The most worth first.
    std::vector<Unknown> unknown{};
    // What rules tell each other, by oid: one index goes only if another one stays.
    std::set<std::uint32_t> staying{};  ///< Do the work of one that is advised away.
    std::set<std::uint32_t> going{};    ///< Advised away.
};

/// One rule: seventeen of docs/reference/advice.md and what was added to them.
struct Rule {
    std::string_view id;
    std::string_view title;
    void (*judge)(const Facts&, const Limits&, Judgement&);
    /// Without these it does not judge, and that is unknown: also what explains its fault away.
    std::set<Group> needs;
};
const std::vector<Rule>& rules();

/// All rules whose facts were read, each object advised about once: where two rules see the same
/// fault, the one that says more. Threads: any.
Judgement judge(const Facts& facts, const Limits& limits = {});

/// Stable: `rule` and `object` name a piece of advice.
boost::json::object to_json(const Advice& advice);
boost::json::object to_json(const Judgement& judgement);

}  // namespace caisson::advice

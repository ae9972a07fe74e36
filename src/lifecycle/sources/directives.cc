// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/directives.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/sql/sql.h"
#include "platform/values.h"

namespace caisson::sources {
namespace {

constexpr std::string_view blanks = " \t";

/// One directive of a file.
struct Line {
    Place place;
    std::string_view value;
};

/// Each returns what is wrong with the value; empty when it was taken.
using Take = std::string (*)(Directives&, const Line&);

std::string take_no_transaction(Directives& directives, const Line& line) {
    directives.no_transaction = true;
    return line.value.empty()
               ? ""
               : fmt::format("no-transaction takes nothing, but \"{}\" follows it", line.value);
}

std::string take_feature(Directives& directives, const Line& line) {
    if (line.value.empty() || line.value.find_first_of(blanks) != std::string_view::npos) {
        return fmt::format("feature takes one name, found \"{}\"", line.value);
    }
    if (!directives.feature.empty()) {
        return fmt::format("a second feature \"{}\"; the file already belongs to {}", line.value,
                           directives.feature);
    }
    directives.feature = line.value;
    return "";
}

std::string take_description(Directives& directives, const Line& line) {
    directives.description += directives.description.empty() ? "" : " ";
    directives.description += line.value;
    return "";
}

std::string take_irreversible(Directives& directives, const Line& line) {
    directives.irreversible += directives.irreversible.empty() ? "" : " ";
    directives.irreversible += line.value;
    return line.value.empty() ? "irreversible says why: -- caisson: irreversible REASON" : "";
}

/// Whether a text is one statement or expression that closes what it opens.
bool is_one(std::string_view sql) {
    int depth = 0;
    sql::Scanner scanner(sql, 0, true);
    while (const auto token = scanner.next()) {
        depth += token->kind == sql::TokenKind::open    ? 1
                 : token->kind == sql::TokenKind::close ? -1
                                                        : 0;
        if (!token->terminated || depth < 0 || token->kind == sql::TokenKind::semicolon ||
            token->kind == sql::TokenKind::comment) {
            return false;
        }
    }
    return depth == 0;
}

std::string take_condition(std::vector<Condition>& conditions, const Line& line,
                           std::string_view name) {
    auto sql = line.value;
    while (!sql.empty() && sql.back() == ';') {
        sql = trim(sql.substr(0, sql.size() - 1));
    }
    if (sql.empty() || !is_one(sql)) {
        return fmt::format(
            "{} takes one condition in SQL, such as: -- caisson: {} exists (select from users); "
            "found \"{}\"",
            name, name, line.value);
    }
    conditions.push_back({std::string(sql), line.place});
    return "";
}

std::string take_require(Directives& directives, const Line& line) {
    return take_condition(directives.require, line, "require");
}

std::string take_ensure(Directives& directives, const Line& line) {
    return take_condition(directives.ensure, line, "ensure");
}

std::string take_lock_timeout(Directives& directives, const Line& line) {
    directives.lock_timeout =
        line.value == "0" ? std::chrono::milliseconds{0} : platform::parse_duration(line.value);
    return directives.lock_timeout
               ? ""
               : fmt::format(
                     "lock-timeout takes a duration such as 2s, or 0 to wait for ever; "
                     "found \"{}\"",
                     line.value);
}

std::string take_revision(Directives& directives, const Line& line) {
    if (line.value.empty() || line.value.find_first_of(" \t,") != std::string_view::npos) {
        return fmt::format("revision takes one id, found \"{}\"", line.value);
    }
    if (!directives.revision.empty()) {
        return fmt::format("a second revision \"{}\"; the file already is {}", line.value,
                           directives.revision);
    }
    directives.revision = line.value;
    return "";
}

std::string take_parent(Directives& directives, const Line& line) {
    auto rest = line.value;
    while (!rest.empty()) {
        const auto end = std::min(rest.find_first_of(" \t,"), rest.size());
        if (end > 0) {
            directives.parents.emplace_back(rest.substr(0, end));
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return line.value.empty() ? "parent takes one id or several with commas" : "";
}

/// Read by lifecycle/lint, which knows the rules.
std::string take_lint_ignore(Directives& /*directives*/, const Line& /*line*/) { return ""; }

struct Known {
    std::string name;
    std::string usage;
    Take take;
};

const std::array<Known, 11>& known_directives() {
    static const std::array<Known, 11> known = {{
        {"no-transaction", "no-transaction", take_no_transaction},
        {"feature", "feature NAME", take_feature},
        {"description", "description TEXT", take_description},
        {"require", "require SQL", take_require},
        {"ensure", "ensure SQL", take_ensure},
        {"irreversible", "irreversible REASON", take_irreversible},
        {"lock-timeout", "lock-timeout TIME", take_lock_timeout},
        {"revision", "revision ID", take_revision},
        {"parent", "parent ID", take_parent},
        {"lint-ignore", "lint-ignore RULE", take_lint_ignore},
        {"lint-ignore-file", "lint-ignore-file RULE", take_lint_ignore},
    }};
    return known;
}

std::string unknown(std::string_view name) {
    std::vector<std::string> names;
    std::vector<std::string> usages;
    for (const auto& directive : known_directives()) {
        names.push_back(directive.name);
        usages.push_back(directive.usage);
    }
    const auto near = nearest(name, names);
    return fmt::format(
        "unknown directive \"{}\"; {}", name,
        near.empty() ? "known are " + join(usages, ", ") : fmt::format("did you mean {}?", near));
}

std::string take(Directives& directives, Place place, std::string_view content) {
    const auto end = std::min(content.find_first_of(blanks), content.size());
    const auto name = content.substr(0, end);
    for (const auto& directive : known_directives()) {
        if (directive.name == name) {
            return directive.take(directives, {std::move(place), trim(content.substr(end))});
        }
    }
    return unknown(name);
}

/// Whether nothing but blanks stands before it in its line.
bool begins_line(std::string_view text, std::size_t offset) {
    while (offset > 0 && (text[offset - 1] == ' ' || text[offset - 1] == '\t')) {
        --offset;
    }
    return offset == 0 || text[offset - 1] == '\n' || text[offset - 1] == '\r';
}

}  // namespace

Directives read_directives(std::string_view text, const std::string& file,
                           std::vector<Mistake>& mistakes) {
    Directives directives;
    constexpr std::string_view key = "caisson:";
    // Most files have none: one search, and the scanner stays in its box.
    if (text.find(key) == std::string_view::npos) {
        return directives;
    }
    sql::Scanner scanner(text, 0, true);
    while (const auto token = scanner.next()) {
        const auto comment = text.substr(token->offset, token->length);
        if (token->kind != sql::TokenKind::comment || comment.substr(0, 2) != "--" ||
            !begins_line(text, token->offset)) {
            continue;
        }
        const auto content = trim(comment.substr(2));
        if (content.substr(0, key.size()) != key) {
            continue;
        }
        const auto [line, column] = position_of(text, token->offset);
        const Place place{file, line, column};
        const auto wrong = take(directives, place, trim(content.substr(key.size())));
        if (!wrong.empty()) {
            mistakes.push_back({place, wrong});
        }
    }
    return directives;
}

}  // namespace caisson::sources

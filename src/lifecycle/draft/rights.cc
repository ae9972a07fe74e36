// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/draft/statements.h"

namespace caisson::draft {
namespace {

/// What a comment, an owner or a grant is about.
struct Subject {
    std::string kind;
    std::string name;
    std::string role;  ///< Of a grant.
};

Subject subject_of(const Object& object, const Catalog& catalog) {
    Subject subject;
    auto key = object.name;
    if (object.kind == "grant") {
        const auto to = key.rfind(" to ");
        subject.role = key.substr(to + 4);
        key.resize(to);
    }
    // Kinds have several words, and so may names: the longest kind that is one.
    for (auto space = key.find(' '); space != std::string::npos; space = key.find(' ', space + 1)) {
        if (catalog.has(key)) {
            const auto* found = catalog.find(key);
            subject.kind = found->kind;
            subject.name = found->name;
            break;
        }
        subject.kind = key.substr(0, space);
        subject.name = key.substr(space + 1);
        if (subject.name.find_first_of(".\"(") != std::string::npos ||
            is_any(subject.kind, {"schema", "server"})) {
            break;
        }
    }
    return subject;
}

/// As ALTER, COMMENT and DROP call it.
std::string word_for(const Subject& subject, const Catalog& catalog) {
    if (is_any(subject.kind, {"enum", "type", "range", "base type"})) {
        return "type";
    }
    if (subject.kind == "table" && catalog.relation_kind(subject.name) == "foreign table") {
        return "foreign table";
    }
    return subject.kind;
}

std::string privileges(const Object& object, const Subject& subject, bool with_option) {
    std::vector<std::string> list;
    constexpr std::string_view option = " with grant option";
    for (auto privilege : list_of(object.definition)) {
        const bool has_option =
            privilege.size() > option.size() &&
            privilege.compare(privilege.size() - option.size(), option.size(), option) == 0;
        if (has_option != with_option) {
            continue;
        }
        if (has_option) {
            privilege.resize(privilege.size() - option.size());
        }
        if (is_any(subject.kind, {"column", "inherited column"})) {
            privilege += fmt::format(" ({})", schema::split_name(subject.name).second);
        }
        list.push_back(privilege);
    }
    return join(list, ", ");
}

std::string grant_target(const Subject& subject) {
    if (is_any(subject.kind, {"column", "inherited column"})) {
        return "table " + schema::split_name(subject.name).first;
    }
    if (is_any(subject.kind, {"view", "materialized view"})) {
        return "table " + subject.name;
    }
    if (is_any(subject.kind, {"enum", "type", "range", "base type", "domain"})) {
        return "type " + subject.name;
    }
    if (subject.kind == "aggregate") {
        return "function " + subject.name;
    }
    if (subject.kind == "server") {
        return "foreign server " + subject.name;
    }
    return subject.kind + " " + subject.name;
}

}  // namespace

std::string owner_sql(const Object& object, const Catalog& catalog) {
    const auto subject = subject_of(object, catalog);
    return fmt::format("alter {} {} owner to {};\n", word_for(subject, catalog), subject.name,
                       pg::identifier(object.definition));
}

std::string taken_back_sql(const Object& object, const Catalog& catalog) {
    const auto subject = subject_of(object, catalog);
    const auto* owner = catalog.find("owner " + object.name.substr(0, object.name.rfind(" to ")));
    if (object.definition == "none" || (owner && owner->definition == subject.role)) {
        return fmt::format("grant all on {} to {};\n", grant_target(subject), subject.role);
    }
    return revoke_sql(object, catalog);
}

std::string revoke_sql(const Object& object, const Catalog& catalog) {
    const auto subject = subject_of(object, catalog);
    if (is_any(subject.kind, {"column", "inherited column"})) {
        const auto column = schema::split_name(subject.name).second;
        return fmt::format("revoke all ({}) on {} from {};\n", column, grant_target(subject),
                           subject.role);
    }
    return fmt::format("revoke all on {} from {};\n", grant_target(subject), subject.role);
}

std::string grant_sql(const Object& object, const Catalog& catalog) {
    const auto subject = subject_of(object, catalog);
    if (object.definition == "none") {
        return revoke_sql(object, catalog);
    }
    // These have something to begin with. Nobody else is told to give back: that would take what he
    // was given on single columns as well.
    const auto* owner = catalog.find("owner " + object.name.substr(0, object.name.rfind(" to ")));
    std::string sql;
    if (subject.role == "public" || (owner && owner->definition == subject.role)) {
        sql = revoke_sql(object, catalog);
    }
    for (const bool with_option : {false, true}) {
        const auto list = privileges(object, subject, with_option);
        if (!list.empty()) {
            sql += fmt::format("grant {} on {} to {}{};\n", list, grant_target(subject),
                               subject.role, with_option ? " with grant option" : "");
        }
    }
    return sql;
}

std::string default_privilege_sql(const Object& object, bool is_given) {
    const auto to = object.name.rfind(" to ");
    const auto on = object.name.rfind(" on ", to);
    const auto place = object.name.substr(3, on - 3);  // behind "of "
    const auto role = object.name.substr(to + 4);
    const auto what = object.name.substr(on + 4, to - on - 4);
    const auto alter = fmt::format("alter default privileges for role {} ", place);
    const auto revoked = alter + fmt::format("revoke all on {} from {};\n", what, role);
    const bool is_none = object.definition == "none";
    if (!is_given && is_none) {
        return alter + fmt::format("grant all on {} to {};\n", what, role);
    }
    auto sql = revoked;
    for (const bool with_option : {false, true}) {
        const auto list = privileges(object, {}, with_option);
        if (is_given && !is_none && !list.empty()) {
            sql += alter + fmt::format("grant {} on {} to {}{};\n", list, what, role,
                                       with_option ? " with grant option" : "");
        }
    }
    return sql;
}

std::string comment_sql(const Object& object, const Catalog& catalog, bool is_removed) {
    const auto subject = subject_of(object, catalog);
    const auto text = is_removed ? std::string("null") : pg::literal(object.definition);
    const auto [parent, own] = schema::split_name(subject.name);
    if (is_any(subject.kind, {"constraint", "trigger", "rule", "policy"})) {
        return fmt::format("comment on {} {} on {} is {};\n", subject.kind, own, parent, text);
    }
    if (subject.kind == "domain constraint") {
        return fmt::format("comment on constraint {} on domain {} is {};\n", own, parent, text);
    }
    if (subject.kind == "index") {
        return fmt::format("comment on index {}.{} is {};\n", schema::split_name(parent).first, own,
                           text);
    }
    if (subject.kind == "inherited column") {
        return fmt::format("comment on column {} is {};\n", subject.name, text);
    }
    return fmt::format("comment on {} {} is {};\n", word_for(subject, catalog), subject.name, text);
}

}  // namespace caisson::draft

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "drivers/pg/quote.h"
#include "protection/privileges/matrix.h"

namespace caisson::privileges {
namespace {

using Rights = std::set<std::string>;

const Rights& rights_of(const Matrix& matrix, const std::string& object, const std::string& role) {
    static const Rights none;
    const auto by_role = matrix.find(object);
    if (by_role == matrix.end()) {
        return none;
    }
    const auto found = by_role->second.find(role);
    return found == by_role->second.end() ? none : found->second;
}

const Rights& groups_of(const Privileges& privileges, const std::string& role) {
    static const Rights none;
    const auto found = privileges.groups.find(role);
    return found == privileges.groups.end() ? none : found->second;
}

class Comparison {
 public:
    Comparison(const Privileges& expected, const Privileges& found,
               const std::vector<std::string>& roles, const std::string& database)
        : expected_(expected), found_(found), roles_(roles), database_(database) {}

    std::vector<Deviation> compare() {
        for (const auto& role : roles_) {
            compare_role(role);
        }
        for (const auto& [object, by_role] : expected_.matrix) {
            if (!found_.matrix.contains(object)) {
                continue;  // That is drift.
            }
            compare_rights(object, "public");
            for (const auto& role : roles_) {
                if (expected_.has(role) && found_.has(role) && !found_.superusers.contains(role)) {
                    compare_rights(object, role);
                }
            }
        }
        return std::move(list_);
    }

 private:
    void add_of_role(const std::string& role, const std::string& right, bool is_found,
                     std::string remedy) {
        list_.push_back({"", role, right, is_found, {}, std::move(remedy)});
    }

    void compare_role(const std::string& role) {
        if (expected_.has(role) != found_.has(role)) {
            add_of_role(role, "exist", found_.has(role),
                        found_.has(role) ? "nothing is known of it where the expectation was made"
                                         : "caisson provision makes it");
            return;
        }
        if (found_.superusers.contains(role) && !expected_.superusers.contains(role)) {
            add_of_role(role, "be a superuser", true,
                        fmt::format("alter role {} nosuperuser;", pg::identifier(role)));
            return;
        }
        for (const auto& group : groups_of(found_, role)) {
            if (!groups_of(expected_, role).contains(group) && !stands_for(role, group) &&
                is_direct(found_, role, group)) {
                add_of_role(
                    role, "be a member of " + group, true,
                    fmt::format("revoke {} from {};", pg::identifier(group), pg::identifier(role)));
            }
        }
        for (const auto& group : groups_of(expected_, role)) {
            if (!groups_of(found_, role).contains(group) && is_direct(expected_, role, group)) {
                add_of_role(
                    role, "be a member of " + group, false,
                    fmt::format("grant {} to {};", pg::identifier(group), pg::identifier(role)));
            }
        }
    }

    /// Whether the role should have the rights of the group anyway.
    bool stands_for(const std::string& role, const std::string& group) const {
        const auto found = expected_.stands_for.find(role);
        return found != expected_.stands_for.end() && found->second.contains(group);
    }

    /// A group that comes with another one is not said by itself.
    static bool is_direct(const Privileges& side, const std::string& role,
                          const std::string& group) {
        return std::ranges::none_of(groups_of(side, role), [&](const auto& other) {
            return other != group && groups_of(side, other).contains(group);
        });
    }

    void compare_rights(const std::string& object, const std::string& role) {
        const auto& has = rights_of(found_.matrix, object, role);
        const auto& wanted = rights_of(expected_.matrix, object, role);
        for (const auto& right : has) {
            if (!wanted.contains(right)) {
                judge(object, role, right, found_, expected_, true);
            }
        }
        for (const auto& right : wanted) {
            if (!has.contains(right)) {
                judge(object, role, right, expected_, found_, false);
            }
        }
    }

    /// `side` has the right, `other` has not: where from?
    void judge(const std::string& object, const std::string& role, const std::string& right,
               const Privileges& side, const Privileges& other, bool is_found) {
        const auto gives = [&](const std::string& from) {
            return rights_of(side.matrix, object, from).contains(right);
        };
        if (role != "public" && gives("public") &&
            !rights_of(other.matrix, object, "public").contains(right)) {
            return;  // Said of everybody.
        }
        std::string by;
        for (const auto& group : groups_of(side, role)) {
            if (!gives(group)) {
                continue;
            }
            const bool is_said =
                !groups_of(other, role).contains(group) && !stands_for(role, group);
            if (is_said || std::ranges::find(roles_, group) != roles_.end()) {
                return;  // The membership is said, or the same right of the group.
            }
            by = by.empty() ? group : by;
        }
        Deviation deviation{object, role, right, is_found, by, {}};
        deviation.remedy = statement_for(deviation);
        list_.push_back(std::move(deviation));
    }

    std::string statement_for(const Deviation& deviation) const {
        const auto& name = deviation.by.empty() ? deviation.role : deviation.by;
        const auto role = name == "public" ? "public" : pg::identifier(name);
        const auto object = deviation.object == "database"
                                ? fmt::format("database {}", pg::identifier(database_))
                                : deviation.object;
        return deviation.is_found
                   ? fmt::format("revoke {} on {} from {};", deviation.right, object, role)
                   : fmt::format("grant {} on {} to {};", deviation.right, object, role);
    }

    const Privileges& expected_;
    const Privileges& found_;
    const std::vector<std::string>& roles_;
    const std::string& database_;
    std::vector<Deviation> list_;
};

}  // namespace

std::vector<Deviation> compare(const Privileges& expected, const Privileges& found,
                               const std::vector<std::string>& roles, const std::string& database) {
    return Comparison(expected, found, roles, database).compare();
}

}  // namespace caisson::privileges

// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/parameters.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::backups {
namespace {

bool is_quoted_list(const std::string& name) {
    constexpr std::array<std::string_view, 6> names = {
        "local_preload_libraries",  "search_path",      "session_preload_libraries",
        "shared_preload_libraries", "temp_tablespaces", "unix_socket_directories"};
    return std::ranges::find(names, lower(name)) != names.end();
}

/// The entries of a list such as `"$user", public`.
class ListReader {
 public:
    explicit ListReader(const Parameter& parameter)
        : parameter_(parameter), rest_(parameter.value) {}

    std::vector<std::string> entries() {
        std::vector<std::string> entries;
        rest_ = trim(rest_);
        while (!rest_.empty()) {
            entries.push_back(rest_.front() == '"' ? quoted() : bare());
            rest_ = trim(rest_);
            if (rest_.empty()) {
                return entries;
            }
            if (rest_.front() != ',') {
                refuse();
            }
            rest_ = trim(rest_.substr(1));
            if (rest_.empty()) {
                refuse();
            }
        }
        return entries;
    }

 private:
    std::string quoted() {
        std::string entry;
        for (std::size_t i = 1; i < rest_.size(); ++i) {
            if (rest_[i] != '"') {
                entry += rest_[i];
            } else if (i + 1 < rest_.size() && rest_[i + 1] == '"') {
                entry += rest_[i++];
            } else {
                rest_.remove_prefix(i + 1);
                return entry;
            }
        }
        refuse();
    }
    std::string bare() {
        const auto size = std::min(rest_.find_first_of(", \t\r\n"), rest_.size());
        if (size == 0) {
            refuse();
        }
        const std::string entry(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return entry;
    }
    [[noreturn]] void refuse() const {
        throw Error(Code::backup_damaged,
                    fmt::format("the value of {} cannot be read as a list: {}", parameter_.name,
                                parameter_.value));
    }

    const Parameter& parameter_;
    std::string_view rest_;
};

}  // namespace

std::vector<Parameter> parameters_of(pg::Connection& connection) {
    std::vector<Parameter> parameters;
    for (const auto& row : connection.query(
             "select coalesce(r.rolname, '') as role, split_part(c, '=', 1) as name, "
             "substr(c, strpos(c, '=') + 1) as value from pg_db_role_setting s left join pg_roles "
             "r "
             "on r.oid = s.setrole, unnest(s.setconfig) c where s.setdatabase = (select oid from "
             "pg_database where datname = current_database()) order by 1, 2")) {
        parameters.push_back({row.string("role"), row.string("name"), row.string("value")});
    }
    return parameters;
}

std::string value_of(const Parameter& parameter) {
    std::string value;
    if (is_quoted_list(parameter.name)) {
        for (const auto& entry : ListReader(parameter).entries()) {
            value += (value.empty() ? "" : ", ") + pg::literal(entry);
        }
    }
    return value.empty() ? pg::literal(parameter.value) : value;
}

std::string statement_of(const Parameter& parameter, const std::string& database) {
    const auto subject = parameter.role.empty()
                             ? fmt::format("database {}", pg::identifier(database))
                             : fmt::format("role {} in database {}", pg::identifier(parameter.role),
                                           pg::identifier(database));
    return fmt::format("alter {} set {} to {}", subject, pg::identifier(parameter.name),
                       value_of(parameter));
}

}  // namespace caisson::backups

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/checks/inspection.h"

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/schema/snapshot.h"

namespace caisson::checks {

void Inspection::begin(bool with_row_security) {
    with_row_security_ = with_row_security;
    connection.script(fmt::format(
        "begin transaction read only; set local statement_timeout = {}; set local search_path = "
        "''; set local row_security = {}",
        options.limit.count(), with_row_security ? "on" : "off"));
}

void Inspection::end() {
    if (!connection.is_broken() && connection.in_transaction()) {
        connection.query("rollback");
    }
}

std::variant<pg::Result, pg::DatabaseError> Inspection::attempt(const std::string& statement) {
    // Each table that was read stays locked until the transaction ends, and the server has room for
    // some thousand locks.
    constexpr int attempts_a_transaction = 50;
    if (++attempts_ % attempts_a_transaction == 0) {
        end();
        begin(with_row_security_);
    }
    try {
        return connection.query(statement);
    } catch (const pg::DatabaseError& error) {
        // Nothing was done in this transaction that a new one would miss.
        end();
        begin(with_row_security_);
        return error;
    }
}

std::variant<pg::Result, pg::DatabaseError> Inspection::attempt_large(
    const std::string& statement) {
    connection.script("set local work_mem = '64MB'; set local jit = off");
    return attempt(statement);
}

Basis Inspection::basis() {
    read_structure();
    return *basis_;
}

const std::optional<schema::Structure>& Inspection::structure() {
    read_structure();
    return structure_;
}

const std::vector<schema::Difference>& Inspection::differences() {
    read_structure();
    return differences_;
}

const schema::Partitions& Inspection::partitions() {
    read_structure();
    return partitions_;
}

const std::string& Inspection::basis_text() {
    read_structure();
    return basis_text_;
}

void Inspection::read_structure() {
    if (basis_) {
        return;
    }
    try {
        structure_ = schema::recorded(connection);
    } catch (const pg::DatabaseError&) {
        throw;
    } catch (const Error& error) {
        if (error.code() == Code::cannot_connect || error.code() == Code::interrupted) {
            throw;
        }
        basis_ = Basis::damaged;
        basis_text_ = error.message();
        return;
    }
    const int major = connection.server_version() / 10000;
    if (!structure_) {
        basis_ = Basis::none;
        basis_text_ = "no structure was recorded yet, so there is nothing to compare with";
    } else if (options.history_head && *options.history_head != structure_->head) {
        basis_ = Basis::stale;
        basis_text_ = fmt::format(
            "the structure was recorded at \"{}\", the history stands at "
            "\"{}\": it is stale and not compared",
            structure_->head, *options.history_head);
    } else if (structure_->server_major != major) {
        basis_ = Basis::other_major;
        basis_text_ = fmt::format(
            "the structure was recorded on PostgreSQL {}, this is {}: it is "
            "stale and not compared",
            structure_->server_major, major);
    } else {
        const auto found = schema::snapshot(connection);
        basis_ = Basis::current;
        partitions_ = schema::partitions_between(structure_->snapshot, found);
        differences_ = schema::diff(schema::without_tables(structure_->snapshot, partitions_.gone),
                                    schema::without_tables(found, partitions_.come));
    }
}

void add_finding(Verdict& verdict, Severity severity, std::string message, std::string remedy) {
    verdict.findings.push_back({severity, std::move(message), std::move(remedy)});
}

std::string reason(const pg::DatabaseError& error, std::chrono::milliseconds limit) {
    return error.sqlstate == pg::sqlstate::query_canceled
               ? fmt::format("not done within {}", human(limit))
               : fmt::format("{} (SQLSTATE {})", error.message(), error.sqlstate);
}

void add_unknown(Verdict& verdict, const std::string& what, const pg::DatabaseError& error,
                 std::chrono::milliseconds limit) {
    verdict.outcome = Outcome::cannot_run;
    add_finding(verdict, Severity::error, fmt::format("{}: {}", what, reason(error, limit)),
                error.sqlstate == pg::sqlstate::query_canceled
                    ? "give it longer, or a time with less load"
                : error.sqlstate == pg::sqlstate::insufficient_privilege
                    ? "verify as a role that may look: the service role or the administrator"
                    : "");
}

}  // namespace caisson::checks

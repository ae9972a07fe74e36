// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/session.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"

namespace caisson::isolation {
namespace {

constexpr std::size_t most_rows = 3;
constexpr std::size_t widest = 44;

/// In one line, and not for ever.
std::string cell_text(const pg::Row& row, std::size_t column) {
    if (row.is_null(column)) {
        return "NULL";
    }
    std::string text;
    for (const char c : row.text(column)) {
        text += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
    }
    if (text.size() <= widest) {
        return text;
    }
    auto end = widest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;  // Not within a character.
    }
    return text.substr(0, end) + "…";
}

/// Without what is NULL anyway.
std::string brief_insert(const Row& row) {
    auto values = row.values;
    for (const auto& column : row.table->columns) {
        const auto found = values.find(column.name);
        if (found != values.end() && !found->second && column.fallback.empty()) {
            values.erase(found);
        }
    }
    return rows::insert_of(*row.table, values);
}

class Maker {
 public:
    Maker(pg::Connection& connection, const Draft& draft, const Islands& islands,
          const std::string& setting)
        : connection_(connection), draft_(draft), islands_(islands), setting_(setting) {}

    Session make() {
        if (draft_.is_plain) {
            const bool is_shown = shows({});
            return {text({}), is_shown};
        }
        // A policy may want the actor's own rows, or anything else.
        for (const auto& rows : {needed(), with_own(), all()}) {
            if (shows(rows)) {
                const auto fewest = draft_.is_reduced ? reduced(rows) : rows;
                shows(fewest);  // What is printed is what it showed.
                return {text(fewest), true};
            }
        }
        return {text(all()), false};
    }

 private:
    using Rows = std::vector<const Row*>;

    static void add(Rows& rows, const Row& row) {
        if (std::ranges::find(rows, &row) == rows.end()) {
            rows.push_back(&row);
        }
    }

    /// Leaves out halves, quarters and so on, children first, as long as the leak still shows.
    Rows reduced(Rows rows) {
        for (auto chunk = (rows.size() + 1) / 2; chunk > 0;
             chunk = chunk == 1 ? 0 : (chunk + 1) / 2) {
            for (auto end = rows.size(); end > 0;) {
                const auto begin = end > chunk ? end - chunk : 0;
                Rows fewer(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(begin));
                fewer.insert(fewer.end(), rows.begin() + static_cast<std::ptrdiff_t>(end),
                             rows.end());
                if (is_whole(fewer) && shows(fewer)) {
                    rows = std::move(fewer);
                }
                end = begin;
            }
        }
        return rows;
    }

    /// Whether no row refers to one of its tenant that is left out: with triggers off, nobody would
    /// say so.
    bool is_whole(const Rows& rows) const {
        const std::set<const Row*> there(rows.begin(), rows.end());
        return std::ranges::all_of(rows, [&](const Row* row) {
            for (const auto& tenant : islands_.tenants) {
                if (row >= tenant.rows.data() && row < tenant.rows.data() + tenant.rows.size()) {
                    return std::ranges::all_of(with_parents(tenant, *row), [&](const Row* above) {
                        return there.contains(above) || is_absent(*above);
                    });
                }
            }
            return true;
        });
    }

    /// Of nobody: what the others refer to.
    Rows needed() const {
        Rows rows;
        for (const auto& row : islands_.shared) {
            add(rows, row);
        }
        for (const auto* row : draft_.rows) {
            add(rows, *row);
        }
        return rows;
    }

    /// What the statement itself makes must not lie there before.
    bool is_absent(const Row& row) const {
        return std::ranges::find(draft_.absent, &row) != draft_.absent.end();
    }

    void add_all(Rows& rows, const Tenant& tenant) const {
        for (const auto& row : tenant.rows) {
            if (!is_absent(row)) {
                add(rows, row);
            }
        }
    }

    Rows with_own() const {
        Rows rows;
        for (const auto& row : islands_.shared) {
            add(rows, row);
        }
        if (draft_.actor.is_tenant()) {
            add_all(rows, islands_.tenants[draft_.actor.tenant]);
        }
        for (const auto* row : draft_.rows) {
            add(rows, *row);
        }
        return rows;
    }

    Rows all() const {
        auto rows = with_own();
        for (const auto& tenant : islands_.tenants) {
            add_all(rows, tenant);
        }
        return rows;
    }

    std::string value() const {
        return draft_.actor.is_tenant() ? islands_.tenants[draft_.actor.tenant].id : "";
    }

    /// What the superuser does at first.
    std::vector<std::string> setup(const Rows& rows) const {
        // In a real database nobody is to wait behind what is shown here.
        std::vector<std::string> statements = {"set local lock_timeout = '2s'"};
        const bool is_quiet =
            std::ranges::any_of(rows, [](const auto* row) { return row->needs_quiet; });
        if (is_quiet) {
            statements.emplace_back("set local session_replication_role = replica");
        }
        for (const auto* row : rows) {
            statements.push_back(brief_insert(*row));
        }
        if (is_quiet && !draft_.is_quiet) {
            statements.emplace_back("set local session_replication_role = origin");
        } else if (draft_.is_quiet && !is_quiet) {
            statements.emplace_back("set local session_replication_role = replica");
        }
        statements.insert(statements.end(), draft_.prepare.begin(), draft_.prepare.end());
        return statements;
    }

    /// And then becomes the actor.
    std::vector<std::string> entrance() const {
        std::vector<std::string> statements = {
            fmt::format("set local session authorization {}", pg::identifier(draft_.role))};
        if (draft_.actor.kind != Actor::Kind::absent) {
            statements.push_back(fmt::format("select set_config({}, {}, true)",
                                             pg::literal(setting_), pg::literal(value())));
        }
        statements.insert(statements.end(), draft_.enter.begin(), draft_.enter.end());
        return statements;
    }

    /// The rows of the statement. Errors: DatabaseError where it is refused.
    pg::Result run() {
        if (!draft_.data.empty()) {
            bool is_sent = false;
            const auto line = draft_.data + "\n";
            affected_ = connection_.copy_in(draft_.statement, [&]() -> std::string_view {
                return std::exchange(is_sent, true) ? std::string_view() : std::string_view(line);
            });
            return connection_.query("select");
        }
        if (is_copy_out()) {
            connection_.copy_out(draft_.statement,
                                 [&](std::string_view line) { lines_.emplace_back(trim(line)); });
            return connection_.query("select");
        }
        auto result = connection_.query(draft_.statement);
        affected_ = result.affected();
        return result;
    }

    bool is_copy_out() const { return draft_.is_question && draft_.statement.starts_with("copy "); }

    /// Whether the leak shows with these rows; what was seen is kept for the text.
    bool shows(const Rows& rows) {
        try {
            const pg::Transaction transaction(connection_);  // Rolled back.
            connection_.query("savepoint session");
            if (draft_.is_plain) {
                picture(rows);
                return refusal_.empty() && (!has_answer_ || shown_ > 0);
            }
            // The same with the actor's rows alone: what is shown besides is the leak.
            const auto without = draft_.is_question ? picture(own_of(rows)) : "";
            const auto with = picture(rows);
            if (draft_.is_question) {
                return with != without;
            }
            if (!draft_.refusal.empty()) {
                return refusal_ == draft_.refusal;
            }
            return refusal_.empty() &&
                   (draft_.harmed || !draft_.look.empty() ? has_changed_ : affected_ > 0);
        } catch (const pg::DatabaseError& error) {
            if (error.code() == Code::disk_full) {
                throw;
            }
            return false;  // These rows alone cannot be put there.
        }
    }

    Rows own_of(const Rows& rows) const {
        Rows own;
        for (const auto* row : rows) {
            const auto& mine =
                islands_.tenants[draft_.actor.is_tenant() ? draft_.actor.tenant : 0].rows;
            const bool is_mine =
                draft_.actor.is_tenant() && row >= mine.data() && row < mine.data() + mine.size();
            const bool is_shared = std::ranges::any_of(
                islands_.shared, [&](const Row& shared) { return &shared == row; });
            if (is_mine || is_shared) {
                own.push_back(row);
            }
        }
        return own;
    }

    std::string look() {
        return draft_.look.empty() ? "" : as_comment(connection_.query(draft_.look));
    }

    /// Where the harmed row lies: elsewhere once it was changed, nowhere once it is gone.
    std::string spot() {
        if (!draft_.harmed) {
            return {};
        }
        const auto rows = connection_.query(
            fmt::format("select ctid::text as spot from {} where {}", draft_.harmed->table->name,
                        condition_of(*draft_.harmed)));
        return rows.empty() ? "" : rows.front().string("spot");
    }

    /// What the statement shows, as text; within a savepoint.
    std::string picture(const Rows& rows) {
        refusal_.clear();
        lines_.clear();
        affected_ = 0;
        connection_.query("rollback to savepoint session");
        for (const auto& statement : setup(rows)) {
            connection_.query(statement);
        }
        const auto before = look();
        const auto spot_before = spot();
        has_changed_ = false;
        for (const auto& statement : entrance()) {
            connection_.query(statement);
        }
        std::string shown;
        try {
            const auto result = run();
            shown_ = result.size();
            has_answer_ = !result.columns().empty();
            if (!result.columns().empty()) {
                seen_ = as_comment(result);
                shown = seen_ + std::to_string(result.size());
            } else if (is_copy_out()) {
                seen_.clear();
                for (const auto& line : lines_) {
                    seen_ += fmt::format("--   {}\n", line);
                }
                shown = seen_;
            } else {
                seen_ = draft_.is_plain
                            ? "--   done\n"
                            : fmt::format("--   {} written\n", counted(affected_, "row"));
            }
            if (!draft_.is_question && !draft_.is_plain) {
                connection_.query("reset session authorization");
                after_ = look();
                has_changed_ = draft_.harmed ? !spot_before.empty() && spot() != spot_before
                                             : after_ != before;
            }
        } catch (const pg::DatabaseError& error) {
            refusal_ = error.sqlstate;
            seen_ = fmt::format("--   ERROR {}: {}\n", error.sqlstate, error.message());
            shown = refusal_;
        }
        connection_.query("rollback to savepoint session");
        return shown;
    }

    std::string text(const Rows& rows) const {
        std::string text = "begin;\n";
        for (const auto& list : {setup(rows), entrance()}) {
            for (const auto& statement : list) {
                text += statement + ";\n";
            }
        }
        text += draft_.statement + ";\n";
        if (!draft_.data.empty()) {
            text += draft_.data + "\n\\.\n";
        }
        text += seen_;
        if (!draft_.look.empty() && refusal_.empty()) {
            text += "reset session authorization;\n" + draft_.look + ";\n" + after_;
        }
        return text + "rollback;\n";
    }

    pg::Connection& connection_;
    const Draft& draft_;
    const Islands& islands_;
    const std::string& setting_;
    std::string seen_;   ///< What the statement showed, as a comment.
    std::string after_;  ///< What it left behind.
    std::string refusal_;
    std::vector<std::string> lines_;
    std::uint64_t affected_ = 0;
    bool has_changed_ = false;
    std::size_t shown_ = 0;  ///< Rows that came back.
    bool has_answer_ = false;
};

}  // namespace

std::string as_comment(const pg::Result& rows) {
    const auto columns = rows.columns();
    if (columns.empty()) {
        return {};
    }
    std::string text = "--   " + join(columns, " | ") + "\n";
    for (std::size_t index = 0; index < std::min(rows.size(), most_rows); ++index) {
        std::vector<std::string> cells;
        for (std::size_t column = 0; column < columns.size(); ++column) {
            cells.push_back(cell_text(rows[index], column));
        }
        text += "--   " + join(cells, " | ") + "\n";
    }
    if (rows.size() > most_rows) {
        text += fmt::format("--   … {} in all\n", counted(rows.size(), "row"));
    }
    return text;
}

Session make_session(pg::Connection& connection, const Draft& draft, const Islands& islands,
                     const std::string& setting) {
    return Maker(connection, draft, islands, setting).make();
}

}  // namespace caisson::isolation

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/lint/lint.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/sql/sql.h"
#include "drivers/sql/tree.h"
#include "lifecycle/lint/ignore.h"
#include "lifecycle/lint/progress.h"
#include "lifecycle/lint/state.h"
#include "lifecycle/lint/visit.h"

namespace caisson::lint {
namespace {

/// What psql (`:name`) or a tool (`${name}`) puts text in place of is no mistake of the file.
bool is_replaced(std::string_view rest) {
    return rest.substr(0, 1) == ":" || rest.substr(0, 2) == "${";
}

/// BEGIN first, COMMIT last, and neither in between.
bool is_wrapped(const std::vector<sql::Statement>& statements) {
    const auto is_control = [](const sql::Statement& statement) {
        return statement.kind == sql::StatementKind::begin ||
               statement.kind == sql::StatementKind::commit ||
               statement.kind == sql::StatementKind::rollback;
    };
    return statements.size() >= 2 && statements.front().kind == sql::StatementKind::begin &&
           statements.back().kind == sql::StatementKind::commit &&
           std::count_if(statements.begin(), statements.end(), is_control) == 2;
}

struct Enabled {
    const Rule* rule;
    Severity severity;
};

/// Lines of a text, found once.
class Lines {
 public:
    explicit Lines(std::string_view text) : text_(text), starts_{0} {
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\n') {
                starts_.push_back(i + 1);
            }
        }
    }
    Position at(std::size_t offset) const {
        offset = std::min(offset, text_.size());
        const auto line = std::upper_bound(starts_.begin(), starts_.end(), offset) - 1;
        const auto column = position_of(text_.substr(*line, offset - *line), offset - *line).column;
        return {static_cast<std::size_t>(line - starts_.begin()) + 1, column};
    }

 private:
    std::string_view text_;
    std::vector<std::size_t> starts_;
};

/// Reads one script after the other.
class Linter {
 public:
    explicit Linter(const Settings& settings) : settings_(settings) {
        for (const auto& rule : rules()) {
            const auto chosen = settings.severities.find(&rule);
            const auto severity = chosen != settings.severities.end() ? chosen->second
                                  : rule.opt_in                       ? Severity::off
                                                                      : rule.severity;
            if (severity != Severity::off) {
                enabled_.push_back({&rule, severity});
            }
        }
        syntax_ = severity_of("syntax");
        unused_ = severity_of("unused-ignore");
    }

    void read(const Script& script) {
        const auto statements = sql::split(script.text);
        const Lines lines(script.text);
        auto ignores =
            script.report ? read_ignores(script.text, statements) : std::vector<Ignore>();
        Progress progress = begin(script, statements);
        for (std::size_t i = 0; i < statements.size(); ++i) {
            if (statements[i].kind != sql::StatementKind::psql_command) {
                read_statement(script, lines, statements, i, progress, ignores);
            }
        }
        report_open_block(script, lines, statements, progress, ignores);
        report_unused(script, lines, ignores);
        ++files_;
    }

    std::vector<Finding> take() {
        std::vector<Finding> findings;
        for (auto& pending : pending_) {
            if (!pending.still || pending.still(state_)) {
                findings.push_back(std::move(pending.finding));
            }
        }
        return findings;
    }

 private:
    struct Pending {
        Finding finding;
        std::function<bool(const State&)> still;
        std::size_t file;
    };

    Severity severity_of(std::string_view id) const {
        const auto found = std::find_if(enabled_.begin(), enabled_.end(),
                                        [&](const Enabled& one) { return one.rule->id == id; });
        return found == enabled_.end() ? Severity::off : found->severity;
    }

    /// A down script takes away what its up script made: that it does is no finding.
    static bool judges_down(Family family) {
        return family != Family::data && family != Family::compatibility &&
               family != Family::types && family != Family::naming;
    }

    Progress begin(const Script& script, const std::vector<sql::Statement>& statements) {
        Progress progress;
        progress.file = files_;
        progress.transaction = ++transactions_;
        progress.is_down = script.is_down;
        progress.declared_apart = !script.in_transaction;
        progress.has_lock_timeout = settings_.runner_limits_locks;
        bool refuses = false;
        for (const auto& statement : statements) {
            refuses = refuses || statement.kind == sql::StatementKind::no_transaction;
            progress.statements += statement.kind == sql::StatementKind::psql_command ? 0 : 1;
        }
        // A BEGIN and COMMIT around the whole file are the file's own way to say the same.
        progress.runs_in_transaction = script.in_transaction && !refuses && !is_wrapped(statements);
        return progress;
    }

    void read_statement(const Script& script, const Lines& lines,
                        const std::vector<sql::Statement>& statements, std::size_t index,
                        Progress& progress, std::vector<Ignore>& ignores) {
        const auto& statement = statements[index];
        const auto text = statement.text(script.text);
        const auto parsed = sql::parse_tree(text);
        if (parsed.mistake && script.report && syntax_ != Severity::off &&
            !is_replaced(text.substr(std::min(parsed.mistake->offset, text.size())))) {
            report(script, lines, index, ignores,
                   {&rule("syntax"),
                    syntax_,
                    statement.offset + parsed.mistake->offset,
                    0,
                    parsed.mistake->message + ", says the grammar of PostgreSQL 15",
                    {},
                    {}});
        }
        if (!parsed.tree) {
            return;
        }
        const auto root = parsed.tree->root();
        if (script.report) {
            Visit visit(text, statement.offset, root, state_, progress);
            for (const auto& [rule, severity] : enabled_) {
                if (rule->check && (!script.is_down || judges_down(rule->family))) {
                    visit.run(*rule, severity);
                }
            }
            for (auto& found : visit.reports()) {
                report(script, lines, index, ignores, std::move(found));
            }
        }
        advance(progress, root, statement.offset, state_, transactions_);
        if (!script.is_down) {
            state_.apply(root, files_, progress.transaction);
        }
    }

    void report_open_block(const Script& script, const Lines& lines,
                           const std::vector<sql::Statement>& statements, const Progress& progress,
                           std::vector<Ignore>& ignores) {
        const auto severity = severity_of("ban-uncommitted-transaction");
        if (!progress.in_block || !script.report || severity == Severity::off) {
            return;
        }
        const auto begin = std::find_if(
            statements.begin(), statements.end(),
            [&](const auto& statement) { return statement.offset == progress.block_offset; });
        report(script, lines, static_cast<std::size_t>(begin - statements.begin()), ignores,
               {&rule("ban-uncommitted-transaction"),
                severity,
                begin->offset,
                begin->length,
                "this transaction is never committed, so nothing of it is kept",
                "commit;",
                {}});
    }

    void report(const Script& script, const Lines& lines, std::size_t statement,
                std::vector<Ignore>& ignores, Visit::Report found) {
        if (is_ignored(*found.rule, statement, ignores)) {
            return;
        }
        const auto begin = lines.at(found.offset);
        const auto end = lines.at(found.offset + std::max<std::size_t>(found.length, 1));
        pending_.push_back(
            {{found.rule, found.severity, script.file, begin.line, begin.column, end.line,
              end.column, std::move(found.message), std::move(found.alternative)},
             std::move(found.still),
             files_});
    }

    static bool is_ignored(const Rule& rule, std::size_t statement, std::vector<Ignore>& ignores) {
        bool ignored = false;
        for (auto& ignore : ignores) {
            if (!ignore.covers(statement)) {
                continue;
            }
            ignore.used = ignore.used || ignore.all;
            ignored = ignored || ignore.all;
            for (auto& name : ignore.names) {
                if (std::find(name.rules.begin(), name.rules.end(), &rule) != name.rules.end()) {
                    name.used = true;
                    ignored = true;
                }
            }
        }
        return ignored;
    }

    void report_unused(const Script& script, const Lines& lines, std::vector<Ignore>& ignores) {
        if (unused_ == Severity::off) {
            return;
        }
        std::vector<Ignore> none;
        for (const auto& ignore : ignores) {
            const auto complain = [&](std::string message) {
                report(script, lines, ignore.statement, none,
                       {&rule("unused-ignore"),
                        unused_,
                        ignore.offset,
                        ignore.length,
                        std::move(message),
                        {},
                        {}});
            };
            if (ignore.all && !ignore.used) {
                complain("nothing is found here that it could ignore");
            }
            for (const auto& name : ignore.names) {
                if (name.rules.empty()) {
                    const auto near = nearest_rule(name.text);
                    complain(
                        fmt::format("there is no rule \"{}\"{}", name.text,
                                    near.empty() ? "" : fmt::format("; did you mean {}?", near)));
                } else if (!name.used) {
                    complain(fmt::format("{} finds nothing here that it could ignore", name.text));
                }
            }
        }
    }

    const Settings& settings_;
    std::vector<Enabled> enabled_;
    Severity syntax_ = Severity::off;
    Severity unused_ = Severity::off;
    State state_;
    std::size_t files_ = 0;
    std::size_t transactions_ = 0;
    std::vector<Pending> pending_;
};

}  // namespace

std::vector<Finding> lint(const std::vector<Script>& scripts, const Settings& settings) {
    Linter linter(settings);
    for (const auto& script : scripts) {
        linter.read(script);
    }
    auto findings = linter.take();
    // A file with both directions is read twice; its findings belong together.
    std::map<std::string_view, std::size_t> ranks;
    for (const auto& script : scripts) {
        ranks.emplace(script.file, ranks.size());
    }
    std::stable_sort(findings.begin(), findings.end(), [&](const Finding& a, const Finding& b) {
        return std::tuple(ranks.at(a.file), a.line, a.column) <
               std::tuple(ranks.at(b.file), b.line, b.column);
    });
    return findings;
}

}  // namespace caisson::lint

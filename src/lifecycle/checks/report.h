// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "lifecycle/checks/check.h"

namespace caisson::checks {

enum class Outcome {
    holds,
    fails,
    cannot_run,  ///< It is not known: no right to look, or not done in time. Never taken for fine.
    skipped,     ///< Not asked: its feature is off, or there is nothing to compare with.
};
std::string_view to_text(Outcome outcome);

/// One thing that a check found, and the SQL or command that mends it.
struct Finding {
    Severity severity = Severity::error;
    std::string message;
    std::string remedy;
};

/// What came of one check.
struct Verdict {
    std::string name;
    bool built_in = false;
    /// Of a platform's check as declared; of a built-in one the worst of its findings.
    Severity severity = Severity::error;
    Outcome outcome = Outcome::holds;
    std::string expected;
    std::string found;
    std::vector<Finding> findings;
    std::vector<std::string> columns;            ///< Of `rows`.
    std::vector<std::vector<std::string>> rows;  ///< The first of those that should not be there.
    std::chrono::nanoseconds duration{0};
    Place place;  ///< Of a platform's check; of the mistake when its SQL failed.
    std::string description;
    std::string remedy;

    /// Whether a run must not be called fine because of it.
    bool is_grave() const {
        return severity == Severity::error &&
               (outcome == Outcome::fails || outcome == Outcome::cannot_run);
    }
};

struct Counts {
    std::size_t run = 0;  ///< All but the skipped ones.
    std::size_t holds = 0;
    std::size_t fails = 0;
    std::size_t cannot_run = 0;
    std::size_t skipped = 0;
    std::size_t grave = 0;  ///< Of severity error, and failed or not run.
};

/// All verdicts on one database.
struct Report {
    std::string platform;
    std::string database;  ///< Its name in PostgreSQL.
    std::string environment;
    std::string started_at;  ///< RFC 3339, UTC.
    std::chrono::nanoseconds duration{0};
    std::vector<Verdict> verdicts;

    Counts counts() const;
    /// Whether nothing of severity error failed or could not be run.
    bool holds() const { return counts().grave == 0; }
};
/// The sum over several databases.
Counts counts(const std::vector<Report>& reports);
bool holds(const std::vector<Report>& reports);

/// For a tired operator: a line a check, then details of what does not hold, then the sum.
std::string to_text(const std::vector<Report>& reports, bool colours);
/// Stable; described in docs/reference/verify.md.
std::string to_json(const std::vector<Report>& reports);
/// JUnit's XML as CI servers read it: a suite a database, a case a check.
std::string to_junit(const std::vector<Report>& reports);
std::string to_markdown(const std::vector<Report>& reports);

}  // namespace caisson::checks

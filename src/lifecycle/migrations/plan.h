// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/histories/history.h"
#include "lifecycle/migrations/body.h"
#include "lifecycle/migrations/status.h"
#include "platform/platform.h"

namespace caisson::migrations {

enum class Direction { up, down };

/// One file to run.
struct Step {
    Direction direction = Direction::up;
    Mode mode = Mode::whole;
    const Migration* migration = nullptr;  ///< Into the files the plan was made of.
    const Record* record = nullptr;        ///< Into the history; null when nothing is there yet.
    /// The history that the source's tool keeps, told in the same transaction; null: there is none.
    const histories::ToolHistory* tool = nullptr;
    std::size_t transaction = 0;  ///< Neighbours with the same number share a transaction.
    bool by_statement = false;    ///< The run takes a transaction a statement.

    const Script& script() const {
        return direction == Direction::up ? migration->up : *migration->down;
    }
    const std::string& file() const { return script().file; }
    const std::string& text() const { return script().text; }
    const Directives& directives() const { return script().directives; }
    /// Statements that an earlier attempt got through.
    std::size_t resumes_after() const;
};

/// What is sent for a step. One that goes on where an earlier attempt stopped goes by statement.
Body body_of(const Step& step);

/// What to do, and how everything stands before it. Values over the files and the history given,
/// which must outlive it.
struct Plan {
    std::vector<Step> steps;
    std::vector<Status> states;
    std::vector<std::string> warnings;  ///< What does not fit, and a policy lets pass.
    std::vector<Status> taken_over;     ///< Edited, and the history is to follow the file.
    std::vector<std::string> cuts;      ///< Where and why a run in one transaction takes several.
    /// A pending step in another language: the run ends before it.
    const Migration* program = nullptr;

    bool is_done() const { return steps.empty() && taken_over.empty(); }
};
/// Errors: migration_order, naming the tool, when the plan ends before such a step.
void refuse_program(const Plan& plan);

/// The text that was applied, for the difference to an edited file.
using TextOf = std::function<std::optional<std::string>(const Record&)>;

struct UpRequest {
    /// The last version to apply, or `source/version` where several sources have it. Empty: all.
    std::string to{};
    platform::MigrationRules rules{};  ///< What is refused, and how many transactions it takes.
    /// Of a source whose revisions have parents: ending in several heads.
    platform::Policy heads = platform::Policy::refuse;
    bool allow_programs = false;  ///< Scripts may run programs on this host or the server's.
};
/// What is pending, in the declared order of the sources and the order of their files; repeatable
/// ones that changed run again.
/// Errors: migration_edited with the difference; migration_order for files that are missing, late
/// or half reverted, and for several heads, as far as the rules refuse them; migration_invalid for
/// what cannot be run; usage for an unknown version. Each lists every file concerned.
Plan plan_up(const std::vector<Migration>& files, const History& history, const Features& features,
             const UpRequest& request, const TextOf& text_of);

struct DownRequest {
    std::size_t count = 1;            ///< How many of the newest, when neither of these is given:
    std::optional<std::string> to;    ///< all that were applied after this version; "0": all.
    std::optional<std::string> only;  ///< just this version.
    bool allow_programs = false;      ///< As UpRequest's.
};
/// What to revert, the one applied last first. Edited files may be reverted.
/// Errors: migration_order, before anything runs, when a file is gone or has no down file; usage.
Plan plan_down(const std::vector<Migration>& files, const History& history,
               const Features& features, const DownRequest& request);

}  // namespace caisson::migrations

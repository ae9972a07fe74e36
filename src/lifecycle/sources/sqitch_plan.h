// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// sqitch.plan and sqitch.conf as values. Pure but for read_project().
/// Source: App::Sqitch::Plan (1.3.1), sqitch-configuration.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/sources/directives.h"
#include "lifecycle/sources/folder.h"

namespace caisson::sources::sqitch {

/// `other:users@v1.0` or `!old`.
struct Dependency {
    bool is_conflict = false;
    std::string text;  ///< As written, without the `!`.
};

/// `@v1.0 2013-12-30T23:49:00Z Name <mail> # note`.
struct Tag {
    std::string name;  ///< Without the `@`.
    std::string planned_at;
    std::string planner_name;
    std::string planner_email;
    std::string note;
};

struct Change {
    std::string name;
    std::vector<Dependency> dependencies;  ///< In the order of the line.
    std::string planned_at;                ///< `2013-12-30T23:49:00Z`
    std::string planner_name;
    std::string planner_email;
    std::string note;  ///< With its line ends, no longer escaped.
    std::vector<Tag> tags;
    /// Where a later change of the same name reworks it: the tags between the two, as sqitch tries
    /// them for the names of the files. Empty otherwise.
    std::vector<std::string> rework_tags;
    std::size_t line = 0;

    /// Its Migration::version: the name, and `name@tag` where it was reworked later.
    std::string key() const;
};

struct Plan {
    std::string project;
    std::string uri;
    std::vector<Change> changes;  ///< In the order in which they deploy.
};

/// Pure: what sqitch would refuse is added to `mistakes`, with its line in `file`.
Plan parse_plan(std::string_view text, const std::string& file, std::vector<Mistake>& mistakes);

/// The settings of a file as git writes them: `engine.pg.top_dir` to its value, names in lower
/// case.
std::map<std::string, std::string> parse_settings(std::string_view text);

/// Where a project keeps its files, relative to its folder.
struct Project {
    std::string plan_file = "sqitch.plan";
    std::string deploy = "deploy";
    std::string revert = "revert";
    std::string verify = "verify";
    std::string reworked_deploy = "deploy";
    std::string reworked_revert = "revert";
    std::string reworked_verify = "verify";
    std::string extension = "sql";
    std::string registry = "sqitch";  ///< The schema of its own tables.
};
/// By sqitch.conf in the folder or the one above it, else sqitch's defaults.
Project read_project(const Folder& folder);
/// The plan of a project, empty where there is none.
Plan read_plan(const Folder& folder, const std::string& source, std::vector<Mistake>& mistakes);

}  // namespace caisson::sources::sqitch

// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// An existing project as it is found: folders of migrations, variables, extensions and roles.
/// Reads files, opens no database, runs nothing.

#include <cstddef>
#include <string>
#include <vector>

#include "base/files.h"

namespace caisson::projects {

/// A folder of migrations.
struct FoundSource {
    std::string path;  ///< Relative to the project; `.` is the project itself.
    std::string format;
    std::string title;                  ///< The format as people write it.
    std::vector<std::string> evidence;  ///< Why it is taken for that.
    std::size_t migrations = 0;
    std::size_t programs = 0;  ///< Of them, steps in another language.
    /// Why its files need the administrator, such as `001_init.sql creates roles`; empty: they do
    /// not.
    std::string needs_admin;
};

/// A variable that a `.env` file or an example of one mentions. Values are looked at to learn their
/// kind, and kept only where they are no secret and stand in an example.
struct FoundVariable {
    std::string name;
    std::string file;  ///< Where it was first found.
    std::string type;  ///< As in a manifest.
    bool is_secret = false;
    std::string example;
};

struct Survey {
    fs::path directory;
    std::string name;      ///< What the platform may be called.
    std::string database;  ///< What the database is called, by a URL in `.env` or by the project.
    std::vector<FoundSource> sources;
    std::vector<FoundVariable> variables;
    std::string url_variable;  ///< The variable that holds the database's URL; empty: none.
    bool uses_redis = false;
    std::vector<std::string> extensions;  ///< That the migrations make, in order.
    std::vector<std::string> roles;       ///< That the migrations name and do not make.
    std::vector<std::string> notes;       ///< What somebody should know.
};

/// Looks through a project. Folders of other people's code (node_modules, vendor, build output) are
/// passed over.
/// Errors: usage when the directory is not there or holds no migrations.
Survey survey(const fs::path& directory);

/// A file to be written, relative to the project.
struct NewFile {
    std::string name;
    std::string text;
};
/// The manifest by which Caisson runs the project, and, where the migrations name roles that
/// nobody makes, a first migration that makes them.
std::vector<NewFile> files_for(const Survey& found);

}  // namespace caisson::projects

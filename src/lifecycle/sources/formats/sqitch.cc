// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/text.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/naming.h"
#include "lifecycle/sources/sqitch_plan.h"

namespace caisson::sources {
namespace {

using sqitch::Change;
using sqitch::Project;

Claim detect_sqitch(const Folder& folder) {
    const auto file = sqitch::read_project(folder).plan_file;
    const auto text = folder.text(file);
    if (!text) {
        return {};
    }
    std::vector<Mistake> mistakes;
    const auto plan = sqitch::parse_plan(*text, file, mistakes);
    return {100,
            {fmt::format("{} plans {} of project {}", file, counted(plan.changes.size(), "change"),
                         plan.project.empty() ? "?" : plan.project)}};
}

bool exists(const Folder& folder, const std::string& name) {
    std::error_code failure;
    return fs::is_regular_file(folder.path() / name, failure);
}

/// The scripts of a change: `users.sql`, or `users@v1.0.sql` where it was reworked later.
struct Scripts {
    std::string deploy;
    std::string revert;
    std::string verify;
};

Scripts scripts_of(const Folder& folder, const Project& project, const Change& change) {
    const auto end = "." + project.extension;
    if (change.rework_tags.empty()) {
        const auto file = "/" + change.name + end;
        return {project.deploy + file, project.revert + file, project.verify + file};
    }
    auto file = "/" + change.key() + end;
    for (const auto& tag : change.rework_tags) {
        const auto tried = fmt::format("/{}@{}{}", change.name, tag, end);
        if (exists(folder, project.reworked_deploy + tried)) {
            file = tried;
            break;
        }
    }
    return {project.reworked_deploy + file, project.reworked_revert + file,
            project.reworked_verify + file};
}

std::string hash_of(const Contents& contents, const fs::path& path) {
    if (!contents.is_streamed) {
        return sha1_hex(contents.text);
    }
    Digest digest(Digest::Kind::sha1);
    each_piece(path, [&](std::string_view piece) { digest.add(piece); });
    return digest.hex();
}

void load_sqitch(Loading& loading) {
    const auto project = sqitch::read_project(loading.folder);
    if (!exists(loading.folder, project.plan_file)) {
        return;
    }
    const auto plan = sqitch::read_plan(loading.folder, loading.source.name, loading.mistakes);
    std::vector<std::string> files;
    std::vector<Scripts> scripts;
    for (const auto& change : plan.changes) {
        auto names = scripts_of(loading.folder, project, change);
        // The plan is the truth: a change without a script is a mistake, its way back may be
        // absent.
        for (auto* name : {&names.revert, &names.verify}) {
            if (!exists(loading.folder, *name)) {
                name->clear();
            }
        }
        for (const auto& name : {names.deploy, names.revert, names.verify}) {
            if (!name.empty()) {
                files.push_back(name);
            }
        }
        scripts.push_back(std::move(names));
    }
    auto contents = loading.read(files, Long::stream);
    std::size_t next = 0;
    for (std::size_t i = 0; i < plan.changes.size(); ++i) {
        const auto& change = plan.changes[i];
        Migration migration;
        migration.version = change.key();
        if (contents[next].mistake.empty()) {
            migration.tool_checksum =
                hash_of(contents[next], loading.folder.path() / scripts[i].deploy);
        }
        for (const auto& dependency : change.dependencies) {
            if (!dependency.is_conflict) {
                migration.parents.push_back(dependency.text);
            }
        }
        migration.up = loading.script(scripts[i].deploy, contents[next++]);
        if (!scripts[i].revert.empty()) {
            migration.down = loading.script(scripts[i].revert, contents[next++]);
        }
        if (!scripts[i].verify.empty()) {
            migration.verify = loading.script(scripts[i].verify, contents[next++]);
        }
        loading.migrations.push_back(std::move(migration));
    }
}

Created create_sqitch(const platform::Source& source, const NewMigration& wanted) {
    const Folder folder(source.path);
    const auto project = sqitch::read_project(folder);
    const auto name = slug(wanted.name);
    const auto plan_path = source.path / project.plan_file;
    std::vector<Mistake> mistakes;
    auto text =
        folder.text(project.plan_file)
            .value_or("%syntax-version=1.0.0\n%project=" + slug(source.path.filename().string()) +
                      "\n\n");
    const auto plan = sqitch::parse_plan(text, project.plan_file, mistakes);
    if (std::any_of(plan.changes.begin(), plan.changes.end(),
                    [&](const auto& change) { return change.name == name; })) {
        throw Error(Code::usage, fmt::format("the plan has a change {} already", name),
                    "choose another name, or rework it with sqitch rework");
    }
    const auto account = current_account().name;
    const auto note =
        replace_all(std::string(trim(normalise_lines(wanted.description))), "\n", "\\n");
    if (!text.empty() && text.back() != '\n') {
        text += '\n';
    }
    text += fmt::format("{} {}Z {} <{}@localhost>{}\n", name, timestamp_now().substr(0, 19),
                        account, account, note.empty() ? "" : " # " + note);
    const auto file = name + "." + project.extension;
    const Created created{source.path / project.deploy / file,
                          source.path / project.revert / file,
                          {source.path / project.verify / file, plan_path}};
    for (const auto& path : {created.up, created.down, created.others[0]}) {
        ensure_directory(path.parent_path());
    }
    const auto header = [&](const char* what) {
        return fmt::format("-- {} {}:{} {} pg\n\nBEGIN;\n\n", what, plan.project, name,
                           std::string_view(what) == "Deploy" ? "to" : "from");
    };
    write_file(created.up, header("Deploy") + "COMMIT;\n");
    write_file(created.down, header("Revert") + "COMMIT;\n");
    write_file(created.others[0],
               fmt::format("-- Verify {}:{} on pg\n\nBEGIN;\n\nROLLBACK;\n", plan.project, name));
    write_file(plan_path, text);
    return created;
}

}  // namespace

Format sqitch_format() {
    return {"sqitch", "sqitch", "sqitch", detect_sqitch, load_sqitch, create_sqitch};
}

}  // namespace caisson::sources

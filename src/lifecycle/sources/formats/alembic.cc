// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/text.h"
#include "drivers/sql/split.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/formats/alembic_revision.h"
#include "lifecycle/sources/naming.h"

namespace caisson::sources {
namespace {

/// The Python files: of `versions`, or of the folder itself when it is that one.
std::vector<std::string> python_files(const Folder& folder) {
    auto files = folder.has_folder("versions") ? folder.files_within("versions") : folder.files();
    std::erase_if(files, [](const auto& file) {
        return extension_of(file) != ".py" || base_name(file).starts_with("__");
    });
    return files;
}

Claim detect_alembic(const Folder& folder) {
    for (const auto& file : python_files(folder)) {
        const auto revision = parse_alembic_revision(folder.head(file, std::size_t{16} << 10U));
        if (revision) {
            const bool has_environment =
                folder.has_file("env.py") || folder.has_file("script.py.mako");
            return {has_environment ? 100 : 90,
                    {fmt::format("{} declares revision {}{}", file, revision->id,
                                 has_environment ? "; env.py lies beside versions" : "")}};
        }
    }
    return {};
}

/// SQL of a revision, as rendered with --sql: `<id>.sql`, `<id>_name.sql`, `<id>.down.sql`.
struct Rendered {
    std::string up;
    std::string down;
};

std::map<std::string, Rendered> rendered_of(const Folder& folder) {
    std::map<std::string, Rendered> rendered;
    for (const auto& file : folder.files_within()) {
        auto stem = base_name(file);
        if (!take_end(stem, ".sql")) {
            continue;
        }
        const bool is_down = take_end(stem, ".down") || take_end(stem, "_down");
        take_end(stem, ".up");
        const std::string id(stem.substr(0, stem.find_first_of("_-.")));
        auto& scripts = rendered[id];
        (is_down ? scripts.down : scripts.up) = file;
    }
    return rendered;
}

class Graph {
 public:
    explicit Graph(Loading& loading) : loading_(loading) {}

    /// Parents before children; among those that are free, by the moment they were made and by id.
    std::vector<std::string> order() {
        std::map<std::string, std::size_t> waiting;
        std::multimap<std::string, std::string> children;
        std::set<std::pair<std::string, std::string>> free;
        for (const auto& [id, found] : revisions) {
            auto parents = found.revision.parents;
            parents.insert(parents.end(), found.revision.depends_on.begin(),
                           found.revision.depends_on.end());
            for (const auto& parent : parents) {
                if (revisions.contains(parent)) {
                    ++waiting[id];
                    children.emplace(parent, id);
                } else {
                    loading_.complain(found.file,
                                      fmt::format("revises {}, which no file declares", parent));
                }
            }
            if (!waiting.contains(id)) {
                free.emplace(found.revision.made_at, id);
            }
        }
        std::vector<std::string> ordered;
        while (!free.empty()) {
            const auto id = free.begin()->second;
            free.erase(free.begin());
            ordered.push_back(id);
            const auto [first, last] = children.equal_range(id);
            for (auto child = first; child != last; ++child) {
                if (--waiting[child->second] == 0) {
                    free.emplace(revisions.at(child->second).revision.made_at, child->second);
                }
            }
        }
        for (const auto& [id, found] : revisions) {
            if (std::find(ordered.begin(), ordered.end(), id) == ordered.end()) {
                loading_.complain(found.file, "is part of a circle of revisions");
            }
        }
        return ordered;
    }

    struct Found {
        std::string file;
        AlembicRevision revision;
    };
    std::map<std::string, Found> revisions;

 private:
    Loading& loading_;
};

void read_graph(Loading& loading, Graph& graph) {
    const auto files = python_files(loading.folder);
    const auto contents = loading.read(files, Long::hold);
    for (std::size_t i = 0; i < files.size(); ++i) {
        const auto revision = parse_alembic_revision(contents[i].text);
        if (!revision) {
            loading.note(files[i], "declares no revision");
            continue;
        }
        const auto [known, is_new] =
            graph.revisions.emplace(revision->id, Graph::Found{files[i], *revision});
        if (!is_new) {
            loading.complain(files[i], fmt::format("declares the same revision as {}",
                                                   loading.place_of(known->second.file)));
        }
    }
}

/// What `alembic upgrade --sql` renders makes and drops its own table as well, which the history of
/// the tool keeps here. Those statements are blanked out; the places of all others stay.
Script without_version_table(Script script) {
    for (const auto& statement : sql::split(script.text)) {
        const auto text = lower(statement.text(script.text));
        const bool is_about_it =
            text.find("alembic_version") != std::string::npos &&
            (text.starts_with("create table") || text.starts_with("drop table"));
        for (std::size_t i = 0; is_about_it && i < statement.length; ++i) {
            auto& c = script.text[statement.offset + i];
            c = c == '\n' ? c : ' ';
        }
    }
    return script;
}

void load_alembic(Loading& loading) {
    Graph graph(loading);
    read_graph(loading, graph);
    const auto rendered = rendered_of(loading.folder);
    const auto ordered = graph.order();
    std::vector<std::string> files;
    for (const auto& id : ordered) {
        if (const auto scripts = rendered.find(id); scripts != rendered.end()) {
            for (const auto& file : {scripts->second.up, scripts->second.down}) {
                if (!file.empty()) {
                    files.push_back(file);
                }
            }
        }
    }
    auto contents = loading.read(files, Long::stream);
    std::size_t next = 0;
    for (const auto& id : ordered) {
        const auto& [file, revision] = graph.revisions.at(id);
        const auto scripts = rendered.find(id);
        if (scripts == rendered.end() || scripts->second.up.empty()) {
            next += scripts != rendered.end() && !scripts->second.down.empty() ? 1 : 0;
            loading.add_program(file, id, revision.message);
            loading.migrations.back().parents = revision.parents;
            continue;
        }
        Migration migration;
        migration.version = id;
        migration.name = revision.message;
        migration.parents = revision.parents;
        migration.up = without_version_table(loading.script(scripts->second.up, contents[next++]));
        if (!scripts->second.down.empty()) {
            migration.down =
                without_version_table(loading.script(scripts->second.down, contents[next++]));
        }
        loading.migrations.push_back(std::move(migration));
    }
}

/// The revisions that no other revises.
std::vector<std::string> heads_of(const Graph& graph) {
    std::set<std::string> revised;
    for (const auto& [id, found] : graph.revisions) {
        revised.insert(found.revision.parents.begin(), found.revision.parents.end());
    }
    std::vector<std::string> heads;
    for (const auto& [id, found] : graph.revisions) {
        if (!revised.contains(id)) {
            heads.push_back(id);
        }
    }
    return heads;
}

Created create_alembic(const platform::Source& source, const NewMigration& wanted) {
    const Folder folder(source.path);
    Loading loading(source, folder);
    Graph graph(loading);
    read_graph(loading, graph);
    const auto heads = heads_of(graph);
    if (heads.size() > 1) {
        throw Error(
            Code::migration_order,
            fmt::format("{} has {} heads: {}", source.name, heads.size(), join(heads, ", ")),
            "merge them first: alembic merge heads");
    }
    const auto name = slug(wanted.name);
    const auto now = timestamp_now();
    const auto id = sha256_hex(now + name).substr(0, 12);
    const auto parent = heads.empty() ? std::string("None") : "'" + heads.front() + "'";
    const auto stem = fmt::format("{}_{}", id, name);
    const auto versions = source.path / "versions";
    Created created{source.path / "sql" / (stem + ".sql"),
                    source.path / "sql" / (stem + ".down.sql"),
                    {versions / (stem + ".py")}};
    ensure_directory(versions);
    ensure_directory(source.path / "sql");
    write_file(created.up, description_lines(wanted.description) + "\n");
    write_file(created.down, "\n");
    write_file(
        created.others.front(),
        fmt::format("\"\"\"{}\n\nRevision ID: {}\nRevises: {}\nCreate Date: {}\n\n\"\"\"\n"
                    "from pathlib import Path\n\nfrom alembic import op\n\n"
                    "revision = '{}'\ndown_revision = {}\nbranch_labels = None\n"
                    "depends_on = None\n\n"
                    "SQL = Path(__file__).parents[1] / 'sql'\n\n\n"
                    "def upgrade() -> None:\n    op.execute((SQL / '{}.sql').read_text())\n\n\n"
                    "def downgrade() -> None:\n"
                    "    op.execute((SQL / '{}.down.sql').read_text())\n",
                    wanted.name, id, heads.empty() ? "" : heads.front(),
                    replace_all(now.substr(0, 19), "T", " "), id, parent, stem, stem));
    return created;
}

/// The quoted words of `'a'`, `("a", "b")` or `None`, from here to the end of the value.
std::vector<std::string> values_of(std::string_view text) {
    std::vector<std::string> values;
    const auto begin = text.find_first_not_of(" \t");
    const bool is_list =
        begin != std::string_view::npos && (text[begin] == '(' || text[begin] == '[');
    const auto end = std::min(text.find_first_of(is_list ? ")]" : "\n"), text.size());
    for (auto rest = text.substr(0, end); !rest.empty();) {
        const auto quote = rest.find_first_of("\"'#");
        if (quote == std::string_view::npos || (rest[quote] == '#' && !is_list)) {
            break;
        }
        if (rest[quote] == '#') {
            rest = rest.substr(std::min(rest.find('\n', quote), rest.size()));
            continue;
        }
        const auto close = rest.find(rest[quote], quote + 1);
        if (close == std::string_view::npos) {
            break;
        }
        values.emplace_back(rest.substr(quote + 1, close - quote - 1));
        rest = rest.substr(close + 1);
    }
    return values;
}

}  // namespace

std::optional<AlembicRevision> parse_alembic_revision(std::string_view text) {
    AlembicRevision revision;
    bool has_parent = false;
    std::size_t number = 0;
    text = without_mark(text);
    each_line(text, [&](std::string_view line, std::size_t begin, std::size_t) {
        ++number;
        constexpr std::string_view made = "Create Date:";
        if (line.starts_with(made)) {
            revision.made_at = trim(line.substr(made.size()));
        } else if (number == 1 && (line.starts_with("\"\"\"") || line.starts_with("'''"))) {
            const auto message = trim(line.substr(3));
            revision.message = trim(message.substr(0, message.find(line.substr(0, 3))));
        }
        const auto equals = line.find('=');
        if (equals == std::string_view::npos || line.starts_with(' ') || line.starts_with('\t')) {
            return;
        }
        // `revision: str = 'a'` as well as `revision = 'a'`.
        const auto name = trim(line.substr(0, std::min(line.find(':'), equals)));
        const auto rest = text.substr(begin + equals + 1);
        if (name == "revision") {
            const auto ids = values_of(rest);
            revision.id = ids.empty() ? "" : ids.front();
        } else if (name == "down_revision") {
            has_parent = true;
            revision.parents = values_of(rest);
        } else if (name == "depends_on") {
            revision.depends_on = values_of(rest);
        }
    });
    return revision.id.empty() || !has_parent ? std::nullopt : std::optional(revision);
}

Format alembic_format() {
    return {"alembic", "Alembic", "alembic_version", detect_alembic, load_alembic, create_alembic};
}

}  // namespace caisson::sources

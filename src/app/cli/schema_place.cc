// SPDX-License-Identifier: Apache-2.0
#include "app/cli/schema_place.h"

#include <algorithm>
#include <functional>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include "app/cli/catalogue.h"
#include "base/json.h"
#include "lifecycle/migrations/migrations.h"
#include "lifecycle/sources/load.h"
#include "platform/environment.h"

namespace caisson::cli {
namespace {

schema::Scope full(bool rights) { return {.rights = rights, .column_order = true}; }

ReadSchema read_database(const trust::Run& run, const platform::Database& database, bool rights) {
    pg::Connection connection(trust::role_settings(run, database, trust::Role::service));
    return {fmt::format("{}@{}", database.key, run.environment.name),
            schema::snapshot(connection, scope_of(run, database, rights)), nullptr};
}

ReadSchema read_url(const std::string& url, bool rights) {
    const auto endpoint = platform::parse_url(url, {"command line", 0, 0});
    pg::Settings settings;
    settings.host = endpoint.host;
    settings.port = endpoint.port == 0 ? 5432 : endpoint.port;
    settings.database = endpoint.database;
    settings.user = endpoint.user;
    settings.password = endpoint.password;
    settings.tls = endpoint.tls;
    settings.tls_root = endpoint.tls_root;
    pg::Connection connection(settings);
    return {settings.text(), schema::snapshot(connection, full(rights)), nullptr};
}

ReadSchema replay(Context& context, const platform::Database& database, const std::string& name,
                  const std::vector<platform::Source>& sources, const schema::Scope& scope) {
    const auto& features = context.run().manifest.features;
    const auto files = sources::load(sources, features);
    ReadSchema read{name, {}, std::make_unique<Scratch>(context.run(), database)};
    const bool allow_programs = context.arguments().has("--allow-programs");
    migrations::UpRequest request;
    request.rules = context.run().manifest.migrations;
    request.allow_programs = allow_programs;
    const migrations::Mirror mirror(sources, files);
    migrations::Options options;
    options.rules = request.rules;
    options.mirror = &mirror;
    options.root = context.run().manifest.directory;
    options.allow_programs = allow_programs;
    migrations::up(std::ref(read.scratch->connections()), files, features, request, options);
    read.snapshot = schema::snapshot(read.scratch->connection(), scope);
    return read;
}

ReadSchema read_file_of(Context& context, const fs::path& path, bool rights) {
    const auto text = read_file(path);
    if (schema::is_snapshot(text)) {
        return {path.string(), schema::parse(text), nullptr};
    }
    if (path.extension() == ".json") {
        return {path.string(), from_json(text), nullptr};
    }
    if (path.extension() != ".sql") {
        throw Error(Code::usage,
                    fmt::format("{} is neither a dump of a schema nor SQL", path.string()),
                    "make one with: caisson schema dump --output FILE");
    }
    const auto database = context.database();
    ReadSchema read{path.string(), {}, std::make_unique<Scratch>(context.run(), database)};
    read.scratch->connection().script(text);
    read.snapshot =
        schema::snapshot(read.scratch->connection(), scope_of(context.run(), database, rights));
    return read;
}

const platform::Database* find_database(const trust::Run& run, const std::string& key) {
    for (const auto& database : run.manifest.databases) {
        if (database.key == key || database.name == key) {
            return &database;
        }
    }
    return nullptr;
}

}  // namespace

Scratch::Scratch(const trust::Run& run, const platform::Database& database)
    : shadow_(shadow::open(run, database, catalogue_steps())), connections_(shadow_) {}

schema::Scope scope_of(const trust::Run& run, const platform::Database& database, bool rights) {
    auto scope = full(rights);
    for (const auto role : trust::built_in_roles()) {
        scope.provisioned_roles.insert(trust::role_name(database, role));
    }
    for (const auto& role : run.manifest.roles) {
        scope.provisioned_roles.insert(database.name + "_" + role.name);
    }
    return scope;
}

ReadSchema read_migrated(Context& context, const platform::Database& database,
                         const schema::Scope& scope) {
    return replay(context, database, "the migrations of " + database.key, database.migrations,
                  scope);
}

ReadSchema read_schema(Context& context, const std::string& word, bool rights) {
    if (word.find("://") != std::string::npos) {
        return read_url(word, rights);
    }
    const bool is_path = word.find('/') != std::string::npos;
    if (!is_path && !fs::exists(word)) {
        if (const auto at = word.rfind('@'); at != std::string::npos) {
            const auto run =
                trust::make_run(context.arguments().value("--directory", "."), word.substr(at + 1));
            return read_database(run, run.manifest.database(word.substr(0, at)), rights);
        }
    }
    if (!is_path) {
        if (const auto* database = find_database(context.run(), word)) {
            return read_database(context.run(), *database, rights);
        }
    }
    if (fs::is_directory(word)) {
        const auto database = context.database();
        const auto path = fs::canonical(word);
        return replay(context, database, word, {platform::Source{word, path}},
                      scope_of(context.run(), database, rights));
    }
    if (fs::exists(word)) {
        return read_file_of(context, word, rights);
    }
    throw Error(Code::usage,
                fmt::format("\"{}\" is no database of the manifest, file or directory", word),
                "name a database by its key, database@environment, a URL, a dump, or a directory "
                "of migrations");
}

std::string to_json(const schema::Snapshot& snapshot) {
    boost::json::array objects;
    for (const auto& object : snapshot.objects) {
        boost::json::array needs(object.needs.begin(), object.needs.end());
        objects.push_back(boost::json::object{{"kind", object.kind},
                                              {"name", object.name},
                                              {"definition", object.definition},
                                              {"needs", std::move(needs)}});
    }
    return json_text(boost::json::object{{"format", "caisson structure 2"},
                                         {"hash", schema::hash(snapshot)},
                                         {"objects", std::move(objects)}}) +
           "\n";
}

schema::Snapshot from_json(const std::string& text) {
    try {
        const auto document = boost::json::parse(text);
        if (document.at("format").as_string() != "caisson structure 2") {
            throw Error(Code::usage, "the file is no dump of a schema that this version reads");
        }
        schema::Snapshot snapshot;
        for (const auto& object : document.at("objects").as_array()) {
            schema::Object read{std::string(object.at("kind").as_string()),
                                std::string(object.at("name").as_string()),
                                std::string(object.at("definition").as_string())};
            for (const auto& need : object.at("needs").as_array()) {
                read.needs.emplace_back(need.as_string());
            }
            snapshot.objects.push_back(std::move(read));
        }
        std::sort(snapshot.objects.begin(), snapshot.objects.end());
        return snapshot;
    } catch (const Error&) {
        throw;
    } catch (const std::exception& error) {
        throw Error(Code::usage, fmt::format("the file is no dump of a schema: {}", error.what()),
                    "make one with: caisson schema dump --format json --output FILE");
    }
}

schema::Snapshot without_order(schema::Snapshot snapshot) {
    std::erase_if(snapshot.objects,
                  [](const auto& object) { return object.kind == "column order"; });
    return snapshot;
}

}  // namespace caisson::cli

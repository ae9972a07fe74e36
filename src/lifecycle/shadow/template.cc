// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/shadow/template.h"

#include <chrono>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"

namespace caisson::shadow {
namespace {

using namespace std::chrono_literals;

/// Another build of the same major version may want other system catalogues.
std::string build_of(const servers::PostgresPrograms& programs) {
    const auto answer = run({{programs.program("postgres"), "--version"}, {}, {}, {}, {}}, 10s);
    return sha256_hex(programs.directory.string() + answer.output).substr(0, 8);
}

}  // namespace

fs::path make_home(const fs::path& state_base, const std::optional<Account>& owner) {
    ensure_directory(state_base);
    fs::path home = state_base / "shadow";
    if (!fs::exists(home)) {
        make_directory(home, 0700, owner);
    }
    return home;
}

fs::path make_template(const fs::path& home, const servers::PostgresPrograms& programs,
                       const std::string& locale, const std::optional<Account>& owner,
                       const std::function<void(const std::string&)>& step) {
    const auto name = fmt::format("template-{}-{}-{}", programs.major,
                                  replace_all(locale, "/", "_"), build_of(programs));
    fs::path made = home / name;
    if (fs::exists(made / "PG_VERSION")) {
        return made;
    }
    if (step) {
        step(fmt::format("making a template of PostgreSQL {}, once", programs.major));
    }
    const fs::path draft = home / fmt::format("draft-{}", random_uuid());
    // Nobody but us gets to its socket; small segments make it quick to copy.
    const auto answer =
        run({{programs.program("initdb"), "-D", draft, "-U", "postgres", "--no-sync",
              "--auth=trust", "--wal-segsize=1", "--encoding=UTF8", "--locale=" + locale},
             {{"TZ", "UTC"}, {"LC_ALL", "C"}},
             home,
             owner,
             {}},
            5min);
    if (!answer.fine()) {
        remove_tree(draft);
        const auto words = replace_all(std::string(trim(answer.errors)), "\n", "; ");
        const bool is_locale = words.find("invalid locale name") != std::string::npos;
        throw Error(
            is_locale ? Code::platform_invalid : Code::server_failed,
            fmt::format("the template of the shadow could not be made (initdb): {}", words),
            is_locale ? "choose a [server] locale that `locale -a` lists, such as C.UTF-8" : "");
    }
    std::error_code failure;
    fs::rename(draft, made, failure);
    if (failure) {
        remove_tree(draft);
        if (!fs::exists(made / "PG_VERSION")) {  // Otherwise another run was faster.
            throw_file_error("put in place", made, failure.value());
        }
    }
    return made;
}

}  // namespace caisson::shadow

// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/servers/cluster.h"

#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/process.h"
#include "base/text.h"
#include "lifecycle/servers/configuration.h"
#include "lifecycle/servers/directories.h"
#include "lifecycle/servers/processes.h"
#include "lifecycle/servers/server_log.h"
#include "trust/passfile.h"

namespace caisson::servers {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view draft_prefix = "data.new-";
constexpr std::size_t uuid_size = 36;

fs::path home(const trust::Run& run) { return run.state.postgres_data().parent_path(); }
/// Stands beside a data directory that is not known to be on the disk yet; holds the boot it was
/// made in. It is this mark that is written and removed, never a mark of health: data without any
/// mark, such as a restored backup, is trusted.
fs::path unconfirmed_mark(const trust::Run& run) { return home(run) / "data.unconfirmed"; }

std::string boot_id() {
    return std::string(trim(read_if_exists("/proc/sys/kernel/random/boot_id").value_or("")));
}

/// The processes of an initdb that outlived the run which started it.
void end_initdb(const fs::path& draft) {
    end_processes(processes_with("initdb", draft), SIGKILL, 5s);
    end_processes(processes_in(draft, "postgres"), SIGKILL, 5s);
}

/// The last processes of an initdb may still write while its files are removed.
void remove_draft(const fs::path& draft) {
    for (int attempts = 100;; --attempts) {
        end_initdb(draft);
        try {
            remove_tree(draft);
            ::unlink((draft.string() + ".password").c_str());
            return;
        } catch (const Error&) {
            if (attempts == 0) {
                throw;
            }
        }
        ::poll(nullptr, 0, 20);
    }
}

void run_initdb(const trust::Run& run, const PostgresPrograms& programs, const fs::path& draft) {
    const fs::path password_file = draft.string() + ".password";
    write_file(password_file, superuser_password(run).reveal() + "\n", 0600, run.account);
    // A known time zone and language: initdb would search for the machine's, and speak it.
    const auto made =
        caisson::run({{programs.program("initdb"), "-D", draft, "-U", "postgres", "--no-sync",
                       "--data-checksums", "--auth=scram-sha-256", "--pwfile", password_file,
                       "--encoding=UTF8", "--locale=" + run.manifest.server.locale},
                      {{"TZ", "UTC"}, {"LC_ALL", "C"}},
                      {},
                      server_owner(run),
                      {}},
                     5min);
    ::unlink(password_file.c_str());
    if (made.fine()) {
        return;
    }
    const std::string words = replace_all(std::string(trim(made.errors)), "\n", "; ");
    if (words.find("invalid locale name") != std::string::npos) {
        throw Error(Code::platform_invalid,
                    fmt::format("[server] locale: this machine has no locale {}",
                                run.manifest.server.locale),
                    "choose one that `locale -a` lists, such as C.UTF-8")
            .with("place", run.manifest.file.string());
    }
    throw failure_of("PostgreSQL", "could not make its data directory (initdb)", words,
                     run.state.postgres_log());
}

void write_tls_material(const trust::Run& run) {
    const auto material = self_signed_certificate("localhost", {"localhost", "127.0.0.1", "::1"});
    write_file(home(run) / "server.key", material.key.reveal(), 0600, run.account);
    write_file(home(run) / "server.crt", material.certificate, 0644, run.account);
}

bool write_if_different(const fs::path& path, const std::string& text, const trust::Run& run) {
    if (read_if_exists(path) == text) {
        return false;
    }
    write_file(path, text, 0600, run.account);
    return true;
}

/// Flushes the file system that holds `directory`.
void flush(const fs::path& directory) {
    const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int failure = descriptor < 0 || ::syncfs(descriptor) != 0 ? errno : 0;
    if (descriptor >= 0) {
        ::close(descriptor);
    }
    if (failure != 0) {
        throw_file_error("flush", directory, failure);
    }
}

}  // namespace

Secret superuser_password(const trust::Run& run) {
    auto passfile = trust::Passfile::read(run.state.passfile());
    const auto before = passfile.text();
    std::optional<Secret> password =
        passfile.find(run.state.sockets.string(), run.postgres_port(), "postgres", "postgres");
    for (const auto& entry : passfile.entries()) {
        if (!password && entry.user == "postgres") {
            password = entry.password;
        }
    }
    if (!password) {
        password = random_secret();
    }
    std::vector<std::string> hosts{run.state.sockets};
    if (run.manifest.server.postgres_port) {
        hosts.insert(hosts.end(), {"localhost", "127.0.0.1", "::1"});
    }
    for (const auto& host : hosts) {
        passfile.set({host, "*", "*", "postgres", *password});
    }
    if (passfile.text() != before) {
        passfile.write(run.state.passfile(), run.account);
    }
    return *password;
}

bool has_cluster(const trust::Run& run) {
    const auto data = run.state.postgres_data();
    if (fs::exists(data / "PG_VERSION") && fs::exists(data / "global" / "pg_control")) {
        return true;
    }
    if (fs::exists(data) && !fs::is_empty(data)) {
        throw Error(Code::state_unusable,
                    fmt::format("{} is not a whole PostgreSQL data directory: PG_VERSION or "
                                "global/pg_control is missing",
                                data.string()),
                    "restore it from a backup; or, when nothing in it is needed, begin anew: "
                    "caisson down --wipe")
            .with("path", data.string());
    }
    return false;
}

void make_cluster(const trust::Run& run, const PostgresPrograms& programs) {
    const auto data = run.state.postgres_data();
    // A name of its own each time: an initdb that outlived its run cannot spoil the next one.
    const fs::path draft = home(run) / fmt::format("{}{}", draft_prefix, random_uuid());
    check_postgres_settings(run, programs);
    try {
        run_initdb(run, programs, draft);
        fault::point("initdb-done");
        const fs::path main = draft / "postgresql.conf";
        write_file(main, read_file(main) + "\ninclude = 'caisson.conf'\n", 0600, run.account);
        write_file(draft / "caisson.conf", postgres_configuration(run, programs), 0600,
                   run.account);
        write_file(draft / "pg_hba.conf", access_rules(), 0600, run.account);
        write_tls_material(run);
        write_file(unconfirmed_mark(run), boot_id(), 0600, run.account);
        std::error_code failure;
        fs::remove(data, failure);  // An empty one may stand in the way.
        fs::rename(draft, data, failure);
        if (failure) {
            throw_file_error("put in place", data, failure.value());
        }
    } catch (const Error&) {
        try {
            remove_draft(draft);
        } catch (const Error&) {
            // What went wrong first is worth telling; the next run removes the rest.
        }
        throw;
    }
    fault::point("data-directory-made");
}

bool confirm_cluster(const trust::Run& run) {
    if (!fs::exists(unconfirmed_mark(run))) {
        return false;
    }
    flush(run.state.postgres_data());
    fs::remove(unconfirmed_mark(run));
    fault::point("data-directory-confirmed");
    return true;
}

std::vector<std::string> remove_half_made(const trust::Run& run) {
    std::vector<std::string> notes;
    std::error_code failure;
    for (fs::directory_iterator entry(home(run), failure), end; !failure && entry != end;
         entry.increment(failure)) {
        const std::string name = entry->path().filename();
        if (name.rfind(draft_prefix, 0) == 0) {
            // Also when only the password beside it was written yet: initdb may be about to begin.
            const bool is_directory = entry->is_directory();
            remove_draft(home(run) / name.substr(0, draft_prefix.size() + uuid_size));
            remove_tree(entry->path());
            if (is_directory) {
                notes.emplace_back("a half-made data directory was removed");
            }
        }
    }
    const auto boot = read_if_exists(unconfirmed_mark(run));
    if (boot && *boot != boot_id() && fs::exists(run.state.postgres_data())) {
        // start() had not returned, so nobody was told of this server: it holds nothing.
        remove_tree(run.state.postgres_data());
        fs::remove(unconfirmed_mark(run));
        notes.emplace_back(
            "the machine went down while the data directory was being made: it was removed");
    }
    return notes;
}

bool write_configuration(const trust::Run& run, const PostgresPrograms& programs) {
    const auto data = run.state.postgres_data();
    const auto text = postgres_configuration(run, programs);
    bool changed = write_if_different(data / "pg_hba.conf", access_rules(), run);
    if (read_if_exists(data / "caisson.conf") != text) {
        check_postgres_settings(run, programs);
        changed = write_if_different(data / "caisson.conf", text, run);
    }
    // Somebody may have taken it out, or brought a data directory of his own.
    const auto main = read_own(data / "postgresql.conf").value_or("");
    if (main.find("include = 'caisson.conf'") == std::string::npos) {
        write_file(data / "postgresql.conf", main + "\ninclude = 'caisson.conf'\n", 0600,
                   run.account);
        changed = true;
    }
    if (!fs::exists(home(run) / "server.key") || !fs::exists(home(run) / "server.crt")) {
        write_tls_material(run);
        changed = true;
    }
    return changed;
}

void reset_superuser_password(const trust::Run& run, const PostgresPrograms& programs) {
    // Read from its input, a line each: the password is in no argument and no log.
    const auto answer =
        caisson::run({{programs.program("postgres"), "--single", "-D", run.state.postgres_data(),
                       "-c", "log_statement=none", "-c", "log_min_duration_statement=-1", "-c",
                       "log_min_error_statement=panic", "postgres"},
                      {{"TZ", "UTC"}, {"LC_ALL", "C"}},
                      run.state.postgres_data(),
                      server_owner(run),
                      fmt::format("alter role postgres with superuser login password '{}'\n",
                                  replace_all(superuser_password(run).reveal(), "'", "''"))},
                     5min);
    if (!answer.fine() || answer.errors.find("ERROR:") != std::string::npos) {
        throw failure_of("PostgreSQL", "could not set its superuser's password",
                         last_words(answer.errors), run.state.postgres_log());
    }
}

}  // namespace caisson::servers

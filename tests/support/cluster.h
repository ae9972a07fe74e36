// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/files.h"
#include "drivers/pg/settings.h"

namespace caisson::test {

/// A PostgreSQL of a test's own, which it may kill, hold still and start again. On a Unix socket;
/// removed with the value, or by its guard when this program ends otherwise.
class Cluster {
 public:
    Cluster();
    /// A streaming replica of `primary`, which may be a replica itself.
    static std::unique_ptr<Cluster> replica_of(const Cluster& primary);
    /// One that speaks TLS on a port of 127.0.0.1 with a certificate for `name`, and asks the user
    /// scram for the password "secret".
    static std::unique_ptr<Cluster> with_tls(const std::string& name);
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;
    ~Cluster();

    /// Returns once it takes connections.
    void start();
    /// As a crash of the machine: kill -9 for all of its processes, at once.
    void kill();
    /// A fast shutdown.
    void stop();
    /// Makes a replica a primary, on a timeline of its own. Returns once it is one.
    void promote();
    /// Makes a replica follow another primary.
    void follow(const Cluster& primary);
    /// SIGSTOP for all of its processes, so that nothing answers and nothing is closed.
    void pause();
    void resume();
    pg::Settings settings() const;
    /// Of one that speaks TLS.
    std::uint16_t port() const { return port_; }
    fs::path certificate() const { return directory_ / "server.crt"; }

 private:
    struct Empty {};
    explicit Cluster(Empty);
    void guard();
    void configure(const std::string& lines) const;
    void run_as_owner(const std::vector<std::string>& command) const;
    void signal_all(int signal) const;
    fs::path directory_;
    std::uint16_t port_ = 0;
    pid_t postmaster_ = -1;
    pid_t guard_ = -1;
};

}  // namespace caisson::test

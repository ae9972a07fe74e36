// SPDX-License-Identifier: Apache-2.0
// What is spoken with servers on this machine and on others. The other machine is a server of our
// own on the loopback, under a name that is not the loopback's.
#include <gtest/gtest.h>

#include "base/files.h"
#include "drivers/pg/connection.h"
#include "drivers/pg/tls.h"
#include "tests/support/cluster.h"

namespace caisson::pg {
namespace {

Settings to(const std::string& host) {
    Settings settings;
    settings.host = host;
    return settings;
}

TEST(TlsOf, AnotherMachineIsVerifiedAndThisOneNeedNotBe) {
    for (const auto* host : {"/run/postgresql", "@abstract", "localhost", "127.0.0.1", "::1", ""}) {
        const auto tls = tls_of(to(host));
        EXPECT_EQ(tls.mode, "") << host;
        EXPECT_EQ(tls.min_version, "") << host;
    }
    for (const auto* host :
         {"db.internal", "10.0.0.7", "2001:db8::1", "localhost.example.org", "127.example.com"}) {
        const auto tls = tls_of(to(host));
        EXPECT_EQ(tls.mode, "verify-full") << host;
        EXPECT_EQ(tls.min_version, "TLSv1.3") << host;
    }
}

TEST(TlsOf, WhatIsSaidIsDone) {
    auto settings = to("db.internal");
    settings.tls = "prefer";
    EXPECT_EQ(tls_of(settings).mode, "prefer");
    EXPECT_EQ(tls_of(settings).min_version, "");
    settings.tls = "require";
    settings.tls_min = "1.2";
    settings.channel_binding = "require";
    EXPECT_EQ(tls_of(settings).min_version, "TLSv1.2");
    EXPECT_EQ(tls_of(settings).channel_binding, "require");
}

class TlsTest : public testing::Test {
 protected:
    static constexpr const char* name = "db.caisson.test";

    /// The protocol of a connection, or what was said against it.
    static std::string attempt(const Settings& settings) {
        try {
            Connection connection(settings);
            return connection.query("select version from pg_stat_ssl where pid = pg_backend_pid()")
                .front()
                .string("version");
        } catch (const Error& error) {
            return error.message() + "\n" + error.hint();
        }
    }
    Settings remote(const std::string& host) const {
        auto settings = cluster_->settings();
        settings.host = host;
        settings.address = "127.0.0.1";
        settings.user = "scram";
        settings.password = Secret("secret");
        settings.tls_root = cluster_->certificate();
        return settings;
    }
    std::unique_ptr<test::Cluster> cluster_ = test::Cluster::with_tls(name);
};

TEST_F(TlsTest, ByDefaultAServerProvesWhoItIsAndThePasswordIsBoundToThat) {
    EXPECT_EQ(attempt(remote(name)), "TLSv1.3");
    auto settings = remote(name);
    settings.channel_binding = "require";
    EXPECT_EQ(attempt(settings), "TLSv1.3");
}

TEST_F(TlsTest, AnotherNameAnUnknownAuthorityAndAnOldProtocolAreRefusedWithARemedy) {
    EXPECT_NE(attempt(remote("elsewhere.caisson.test")).find("tls_root"), std::string::npos);
    auto unknown = remote(name);
    unknown.tls_root.clear();
    EXPECT_NE(attempt(unknown).find("name the authority"), std::string::npos);
    Connection admin(cluster_->settings());
    admin.query("alter system set ssl_max_protocol_version = 'TLSv1.2'");
    admin.query("select pg_reload_conf()");
    std::string last;
    for (int i = 0; i < 500 && last.find("tls_min") == std::string::npos; ++i) {
        last = attempt(remote(name));  // The server reads its settings in its own time.
    }
    EXPECT_NE(last.find("tls_min"), std::string::npos) << last;
    auto older = remote(name);
    older.tls_min = "1.2";
    EXPECT_EQ(attempt(older), "TLSv1.2");
}

TEST_F(TlsTest, AServerWithoutTlsIsRefusedUnlessThatIsSaid) {
    Connection admin(cluster_->settings());
    admin.query("alter system set ssl = off");
    admin.query("select pg_reload_conf()");
    std::string last;
    for (int i = 0; i < 500 && last.find("does not support SSL") == std::string::npos; ++i) {
        last = attempt(remote(name));
    }
    EXPECT_NE(last.find("tls = \"disable\""), std::string::npos) << last;
}

}  // namespace
}  // namespace caisson::pg

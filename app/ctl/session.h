#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/ctl/logins.h"
#include "app/ctl/prompt.h"
#include "services/drills/link.h"

namespace qd::ctl {

/// Exit codes of quarterdeckctl.
enum ExitCode {
    kDone = 0,         ///< done
    kRefused = 1,      ///< refused, failed, or a drill failed
    kUsage = 2,        ///< the command line cannot be understood
    kUnreachable = 3,  ///< no backend could be reached
    kConfirmation = 4, ///< nothing was done: confirm with --confirm CODE or --yes
};

/// What the command line says of all commands.
struct Connection {
    std::string url;       ///< empty: the local backend's
    std::string tokenFile; ///< empty: the local backend's
    std::string caFile;    ///< authorities to trust over https; empty: the machine's
    std::string dataDirectory;
    bool json = false;
};

/// Ends the command with this exit code; the reason has been said. Inside this program only.
struct Ended {
    int exitCode;
};

/// Rows of a list that came by pages. Keeps the answers that the rows look into.
class Pages {
public:
    explicit Pages(std::string name) : m_name(std::move(name)) {}
    void add(drills::Answer answer) { m_answers.push_back(std::move(answer)); }
    const drills::Answer& last() const { return m_answers.back(); }
    std::vector<json::Value> rows() const;
    std::string json() const; ///< `{"orders":[…],"nextCursor":…}`: as if it had been one page

private:
    std::string m_name;
    std::vector<drills::Answer> m_answers;
};

/// The way to the backend, and to the person or script that asked. Main thread.
class Session {
public:
    Connection connection;
    Prompt prompt;

    bool wantsJson() const { return connection.json; }
    /// Where the local backend keeps its things: `--data-dir`, else the user's data folder.
    std::string dataDirectory() const;

    /// Ask the backend; connects on first use. Any status comes back. Throws Ended(kUnreachable).
    drills::Answer ask(const std::string& method, const std::string& path,
                       const std::string& body = {});
    /// As `ask`, and anything but success is told and throws Ended: kConfirmation for 412, else
    /// kRefused.
    drills::Answer require(const std::string& method, const std::string& path,
                           const std::string& body = {});
    /// As `require` with GET, page after page until `limit` rows or the end. `path` ends with its query.
    Pages pages(const std::string& path, const std::string& name, std::size_t limit);
    /// The connected client, for the stream.
    drills::ApiClient& api();
    /// As `ask`, without any token.
    drills::Answer askOpenly(const std::string& method, const std::string& path,
                             const std::string& body);
    /// As `askOpenly` with POST, or as `ask` when somebody is signed in and `openly` is false. `body`
    /// is asked for what the backend wants next: a code, a solved puzzle. Other refusals end it.
    struct Proof {
        runtime::Secret code;
        std::string puzzle; ///< solved
    };
    drills::Answer prove(const std::string& method, const std::string& path, bool openly,
                         const std::function<std::string(const Proof&)>& body);
    /// Sign in there; kept in the file of logins.
    void signIn(const std::string& email, const std::string& device);
    /// Forget the tokens; the device key stays.
    void forgetLogin();
    /// Who is signed in at this backend; null: the owner token is used.
    const Login* login();

    void print(const std::string& text) const;
    void printJson(const std::string& text) const; ///< one line
    void complain(const std::string& text) const;  ///< to standard error
    /// A refusal for people: title, detail, the problem of each field, when to try again.
    void explain(const drills::Answer& refusal) const;

private:
    void connect();
    void open();
    std::string urlOfBackend() const;
    void requireConfidential() const;
    void useOwnerToken();
    void useLogin();
    void keepLogin(const drills::Answer& tokens);
    bool stepUp();
    drills::Answer answerOf(Result<drills::Answer> answer, const std::string& method) const;
    std::string m_url;
    std::unique_ptr<drills::Link> m_link;
    std::unique_ptr<drills::ApiClient> m_api, m_open;
    std::optional<Login> m_login;
};

/// A text of a JSON value for a table: strings as they are, numbers as sent, nothing for null.
std::string cell(const json::Value& value);

/// Columns aligned by their widest cell; numbers to the right.
class Table {
public:
    struct Column {
        std::string title;
        bool isNumber = false;
    };
    explicit Table(std::vector<Column> columns) : m_columns(std::move(columns)) {}
    void add(std::vector<std::string> cells) { m_rows.push_back(std::move(cells)); }
    bool isEmpty() const { return m_rows.empty(); }
    std::string text() const;

private:
    std::vector<Column> m_columns;
    std::vector<std::vector<std::string>> m_rows;
};

/// "name: value" lines, names padded to one width.
std::string facts(const std::vector<std::pair<std::string, std::string>>& lines);

} // namespace qd::ctl

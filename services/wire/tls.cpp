#include "services/wire/tls.h"

#include <boost/asio/ssl/context.hpp>

#include "services/wire/network.h"

namespace qd::wire {

namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

tl::unexpected<Error> refuse(const std::string& what, const error_code& error)
{
    return fail(ErrorKind::Invalid, "wire.tls", what + ": " + error.message());
}

TlsContext makeContext()
{
    auto context = std::make_shared<ssl::context>(ssl::context::tls);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_options(context->native_handle(),
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // Idle connections give their 34 KiB of record buffers back.
    SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
    return context;
}

} // namespace

Result<TlsContext> makeServerTls(const std::string& certificateFile, const std::string& keyFile)
{
    TlsContext context = makeContext();
    error_code error;
    context->use_certificate_chain_file(certificateFile, error);
    if (error) return refuse("certificate " + certificateFile, error);
    context->use_private_key_file(keyFile, ssl::context::pem, error);
    if (error) return refuse("private key " + keyFile, error);
    if (SSL_CTX_check_private_key(context->native_handle()) != 1)
        return fail(ErrorKind::Invalid, "wire.tls",
                    "private key " + keyFile + " does not belong to certificate " + certificateFile);
    return context;
}

Result<TlsContext> makeClientTls(const TlsClientOptions& options)
{
    TlsContext context = makeContext();
    error_code error;
    if (options.caFile.empty())
        context->set_default_verify_paths(error);
    else
        context->load_verify_file(options.caFile, error);
    if (error) return refuse("certificate authorities " + options.caFile, error);
    context->set_verify_mode(options.verifyPeer ? ssl::verify_peer : ssl::verify_none, error);
    if (error) return refuse("verify mode", error);
    return context;
}

} // namespace qd::wire

// The one unit that compiles Asio, its TLS part and Beast; everywhere else they are declarations (see purser_asio).
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>

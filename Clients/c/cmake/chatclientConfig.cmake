# find_package(chatclient) gives chatclient::chatclient, the shared library, and chatclient::static.
get_filename_component(_chatclient_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET chatclient::chatclient)
  add_library(chatclient::chatclient SHARED IMPORTED)
  set_target_properties(chatclient::chatclient PROPERTIES
    IMPORTED_LOCATION "${_chatclient_prefix}/lib/libchatclient.so"
    INTERFACE_INCLUDE_DIRECTORIES "${_chatclient_prefix}/include")
  add_library(chatclient::static STATIC IMPORTED)
  set_target_properties(chatclient::static PROPERTIES
    IMPORTED_LOCATION "${_chatclient_prefix}/lib/libchatclient.a"
    INTERFACE_INCLUDE_DIRECTORIES "${_chatclient_prefix}/include"
    INTERFACE_LINK_LIBRARIES "protobuf-c;pthread")
endif()
unset(_chatclient_prefix)

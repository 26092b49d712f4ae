package collabry;

import de.bwaldvogel.mongo.MongoBackend;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/**
 * A server of MongoDB's protocol: {@code MongoServer PORT [FILE [ADDRESS]]}. Port 0 takes a free one; with a file the data
 * is kept there, without one in memory. It listens on 127.0.0.1 or the given address. Prints its address once it listens, and ends with its standard input or on SIGTERM.
 */
public final class MongoServer {
    /** The library stands at 3.6's wire version by default, which is too old for today's drivers. */
    private enum Version implements MongoVersion {
        MONGODB_5;

        @Override
        public List<Integer> getVersionArray() {
            return List.of(5, 0, 0, 0);
        }

        @Override
        public int getWireVersion() {
            return 13;
        }
    }

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        MongoBackend backend = arguments.length > 1 ? new H2Backend(arguments[1]) : new MemoryBackend();
        var server = new de.bwaldvogel.mongo.MongoServer(backend.version(Version.MONGODB_5));
        server.bind(arguments.length > 2 ? arguments[2] : "127.0.0.1", port);
        // Closing the store is what writes the last of it to the file.
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        System.out.println("mongodb://127.0.0.1:" + server.getLocalAddress().getPort());
        // Whoever started it holds the other end, and lets go of it however it ends.
        System.in.transferTo(java.io.OutputStream.nullOutputStream());
        System.exit(0);
    }
}

import java.io.InputStream;
import java.io.OutputStream;
import java.security.Security;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** Joins standard input and output to a TLS server: port, version, key limit in bytes (2^N). */
public class TlsPipe {
    static final TrustManager[] ANYBODY = {new X509TrustManager() {
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }};

    static void copy(InputStream from, OutputStream to) {
        byte[] piece = new byte[65536];
        try {
            for (int len; (len = from.read(piece)) >= 0; to.flush()) {
                to.write(piece, 0, len);
            }
        } catch (Exception e) {
            System.err.println(e);
        }
    }

    public static void main(String[] args) throws Exception {
        Security.setProperty("jdk.tls.keyLimits",
            "AES/GCM/NoPadding KeyUpdate 2^" + args[2] + ", ChaCha20-Poly1305 KeyUpdate 2^" + args[2]);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, ANYBODY, null);
        SSLSocket socket = (SSLSocket) context.getSocketFactory()
            .createSocket("127.0.0.1", Integer.parseInt(args[0]));
        socket.setEnabledProtocols(new String[] {args[1]});
        socket.startHandshake();
        OutputStream out = socket.getOutputStream();
        Thread up = new Thread(() -> copy(System.in, out));
        up.setDaemon(true);
        up.start();
        copy(socket.getInputStream(), System.out);
        System.out.flush();
        System.exit(0);
    }
}

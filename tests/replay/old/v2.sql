PRAGMA application_id = 1886745203;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE events (
  row_no INTEGER PRIMARY KEY,
  thread_id TEXT NOT NULL REFERENCES threads (id),
  seq INTEGER NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (thread_id, seq)
) STRICT;
INSERT INTO "events" VALUES(1,'thr_YnveRrnJdVRLocuLdECVMbSN',1,'intent.created','{"amount":{"currency":"CNY","value":17600},"expires_at":"2026-01-05T10:05:00Z","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","state":"created"}',1767607200000);
INSERT INTO "events" VALUES(2,'thr_YnveRrnJdVRLocuLdECVMbSN',2,'card','{"amount":{"currency":"CNY","value":17600},"amount_text":"¥176.00","confirmation":{"code_url":"weixin://wxpay/bizpayurl?pr=1mZ37vIFyzz","type":"qr"},"created_at":"2026-01-05T10:00:00Z","description":"西湖龙井 100克 ×2","expires_at":"2026-01-05T10:05:00Z","lines":[{"name":"西湖龙井 100克","quantity":2,"sku":"tea-longjing-100g","unit_price":8800}],"out_trade_no":"k48Ch7abp8ii4TBUslGMKjPWcjzj","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","sandbox":true,"type":"payment_request"}',1767607200000);
INSERT INTO "events" VALUES(3,'thr_YnveRrnJdVRLocuLdECVMbSN',3,'message.completed','{"message":"msg_oY5uZ8tZoTIqFFaynxmGNA5o","text":"好的，请付款。","turn":"turn_iYfVOZmXjoGbNhNNJ17F7wFs"}',1767607200000);
INSERT INTO "events" VALUES(4,'thr_YnveRrnJdVRLocuLdECVMbSN',4,'intent.succeeded','{"amount":{"currency":"CNY","value":17600},"expires_at":"2026-01-05T10:05:00Z","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","state":"succeeded"}',1767607200000);
INSERT INTO "events" VALUES(5,'thr_YnveRrnJdVRLocuLdECVMbSN',5,'card','{"amount":{"currency":"CNY","value":17600},"amount_text":"¥176.00","lines":[{"name":"西湖龙井 100克","quantity":2,"sku":"tea-longjing-100g","unit_price":8800}],"out_trade_no":"k48Ch7abp8ii4TBUslGMKjPWcjzj","paid_at":"2026-01-05T10:00:00Z","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","sandbox":true,"transaction_id":"4200047438202601057457818773","type":"payment_receipt"}',1767607200000);
INSERT INTO "events" VALUES(6,'thr_YnveRrnJdVRLocuLdECVMbSN',6,'message.completed','{"message":"msg_ee3kasNHVAfGNd6aPw0L1GsX","text":"钱收到了，马上发货。","turn":"turn_xUvlXY9dfSr0tiJT1bJ0Km3x"}',1767607200000);
INSERT INTO "events" VALUES(7,'thr_YnveRrnJdVRLocuLdECVMbSN',7,'refund.created','{"amount":{"currency":"CNY","value":8800},"payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","refund":"re_f0hNerTW8iMLlM5GhuJlb2ic","state":"created"}',1767607200000);
INSERT INTO "events" VALUES(8,'thr_YnveRrnJdVRLocuLdECVMbSN',8,'refund.processing','{"amount":{"currency":"CNY","value":8800},"payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","refund":"re_f0hNerTW8iMLlM5GhuJlb2ic","state":"processing"}',1767607200000);
INSERT INTO "events" VALUES(9,'thr_YnveRrnJdVRLocuLdECVMbSN',9,'card','{"amount":{"currency":"CNY","value":8800},"amount_text":"¥88.00","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","reason":"商品有破损","refund":"re_f0hNerTW8iMLlM5GhuJlb2ic","sandbox":true,"state":"processing","type":"refund_receipt"}',1767607200000);
INSERT INTO "events" VALUES(10,'thr_YnveRrnJdVRLocuLdECVMbSN',10,'message.completed','{"message":"msg_WeQnsttm5HM7LFS77ByWbejm","text":"一包的钱正在退回。","turn":"turn_cgDKSVfHMmynRfG8V1wBaOWY"}',1767607200000);
INSERT INTO "events" VALUES(11,'thr_YnveRrnJdVRLocuLdECVMbSN',11,'refund.succeeded','{"amount":{"currency":"CNY","value":8800},"payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","refund":"re_f0hNerTW8iMLlM5GhuJlb2ic","state":"succeeded"}',1767607201000);
INSERT INTO "events" VALUES(12,'thr_YnveRrnJdVRLocuLdECVMbSN',12,'card','{"amount":{"currency":"CNY","value":8800},"amount_text":"¥88.00","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","reason":"商品有破损","refund":"re_f0hNerTW8iMLlM5GhuJlb2ic","sandbox":true,"state":"succeeded","type":"refund_receipt"}',1767607202000);
INSERT INTO "events" VALUES(13,'thr_YnveRrnJdVRLocuLdECVMbSN',13,'message.completed','{"message":"msg_eZwMzfkKyQhSgZ5K2CJWw4y7","text":"退款已经在路上了。","turn":"turn_JLWE3vHEcldZnhkCnzehjiEW"}',1767607202000);
INSERT INTO "events" VALUES(14,'thr_DBhsrz9qBMnvlRhaCrWQ39bn',1,'intent.created','{"amount":{"currency":"CNY","value":4500},"expires_at":"2026-01-05T10:05:02Z","payment_intent":"pi_8fA0hSzn98kE5mPo1lBCsc1G","state":"created"}',1767607202000);
INSERT INTO "events" VALUES(15,'thr_DBhsrz9qBMnvlRhaCrWQ39bn',2,'card','{"amount":{"currency":"CNY","value":4500},"amount_text":"¥45.00","confirmation":{"code_url":"weixin://wxpay/bizpayurl?pr=rjRmow1BEzz","type":"qr"},"created_at":"2026-01-05T10:00:02Z","description":"龙泉青瓷茶杯 ×1","expires_at":"2026-01-05T10:05:02Z","lines":[{"name":"龙泉青瓷茶杯","quantity":1,"sku":"cup-celadon","unit_price":4500}],"out_trade_no":"KcgUVmAfvtHs2CoEolSuBitYoHuE","payment_intent":"pi_8fA0hSzn98kE5mPo1lBCsc1G","sandbox":true,"type":"payment_request"}',1767607202000);
INSERT INTO "events" VALUES(16,'thr_DBhsrz9qBMnvlRhaCrWQ39bn',3,'message.completed','{"message":"msg_Jrq74G1PmNvdaoiX4pPFzLoT","text":"好的，请付款。","turn":"turn_d63kw1v8MOfg66NSawv7J5dM"}',1767607202000);
INSERT INTO "events" VALUES(17,'thr_jjJQt9S8K5Fci7K4vDzNtbD6',1,'intent.created','{"amount":{"currency":"CNY","value":2990},"expires_at":"2026-01-05T10:05:02Z","payment_intent":"pi_8dFraHTMJjnBCJgKAA3b4VHH","state":"created"}',1767607202000);
INSERT INTO "events" VALUES(18,'thr_jjJQt9S8K5Fci7K4vDzNtbD6',2,'card','{"amount":{"currency":"CNY","value":2990},"amount_text":"¥29.90","confirmation":{"code_url":"weixin://wxpay/bizpayurl?pr=F5Rva5FSyzz","type":"qr"},"created_at":"2026-01-05T10:00:02Z","description":"茉莉花茶 50克 ×1","expires_at":"2026-01-05T10:05:02Z","lines":[{"name":"茉莉花茶 50克","quantity":1,"sku":"tea-jasmine-50g","unit_price":2990}],"out_trade_no":"gsgDJOMl9AhX88iZRVRx7n6cMmfy","payment_intent":"pi_8dFraHTMJjnBCJgKAA3b4VHH","sandbox":true,"type":"payment_request"}',1767607202000);
INSERT INTO "events" VALUES(19,'thr_jjJQt9S8K5Fci7K4vDzNtbD6',3,'message.completed','{"message":"msg_d7XYil5rocvuiNuGRo3F6uI6","text":"好的，请付款。","turn":"turn_0w8HED8JQpGQVkOM6o4yGh4b"}',1767607202000);
INSERT INTO "events" VALUES(20,'thr_LizLYC8nHTQ2Bge6x3POww6J',1,'intent.created','{"amount":{"currency":"CNY","value":4500},"expires_at":"2026-01-05T10:05:02Z","payment_intent":"pi_DzFo1IHmgGgHLsf4WArwDcH7","state":"created"}',1767607202000);
INSERT INTO "events" VALUES(21,'thr_LizLYC8nHTQ2Bge6x3POww6J',2,'intent.unknown','{"amount":{"currency":"CNY","value":4500},"expires_at":"2026-01-05T10:05:02Z","payment_intent":"pi_DzFo1IHmgGgHLsf4WArwDcH7","state":"unknown"}',1767607210000);
INSERT INTO "events" VALUES(22,'thr_LizLYC8nHTQ2Bge6x3POww6J',3,'message.completed','{"message":"msg_XK7uy9BHA17m44Tc9MMiIk9W","text":"稍等，正在确认。","turn":"turn_0HSLob1DwEFj5E9w0WDsJiSB"}',1767607210000);
CREATE TABLE intents (
  row_no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL,
  thread_id TEXT NOT NULL REFERENCES threads (id),
  user_id TEXT NOT NULL,
  state TEXT NOT NULL CONSTRAINT intent_state CHECK (state IN ('created', 'awaiting_payment', 'succeeded', 'expired',
    'canceled', 'failed', 'unknown', 'conflicted')),
  currency TEXT NOT NULL CONSTRAINT intent_currency CHECK (length(currency) = 3),
  amount INTEGER NOT NULL CONSTRAINT intent_amount CHECK (amount >= 0),
  captured INTEGER NOT NULL CONSTRAINT intent_captured CHECK (captured >= 0),
  refunded INTEGER NOT NULL CONSTRAINT intent_refunded CHECK (refunded >= 0),
  refund_reserved INTEGER NOT NULL CONSTRAINT intent_refund_reserved CHECK (refund_reserved >= 0),
  lines TEXT NOT NULL,
  description TEXT NOT NULL,
  catalogue_version TEXT NOT NULL,
  channel TEXT NOT NULL,
  out_trade_no TEXT NOT NULL UNIQUE CONSTRAINT intent_out_trade_no CHECK (out_trade_no <> ''),
  rail_order TEXT NOT NULL,
  request_body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  settled_at INTEGER NOT NULL,
  renewed_from TEXT REFERENCES intents (id),
  origin TEXT NOT NULL CONSTRAINT intent_origin CHECK (origin <> ''),
  failure TEXT NOT NULL,
  version INTEGER NOT NULL CONSTRAINT intent_version CHECK (version >= 0),
  CONSTRAINT refunds_within_capture CHECK (refunded + refund_reserved <= captured),
  UNIQUE (thread_id, origin)
) STRICT;
INSERT INTO "intents" VALUES(1,'pi_g4nN5fEkMw7EQnyypHG60xVa','shop_1','thr_YnveRrnJdVRLocuLdECVMbSN','u_returns','succeeded','CNY',17600,17600,8800,0,'[{"currency":"CNY","name":"西湖龙井 100克","quantity":2,"sku":"tea-longjing-100g","unit_price":8800}]','西湖龙井 100克 ×2','sample-1','wechat','k48Ch7abp8ii4TBUslGMKjPWcjzj','{"code_url":"weixin://wxpay/bizpayurl?pr=1mZ37vIFyzz","kind":"qr","may_be_open":false,"payer_openid":"","prepay_id":"","transaction_id":"4200047438202601057457818773"}','{"appid":"wxd930ea5d5a258f4f","mchid":"1900009191","description":"西湖龙井 100克 ×2","out_trade_no":"k48Ch7abp8ii4TBUslGMKjPWcjzj","time_expire":"2026-01-05T18:05:00+08:00","attach":"pi_g4nN5fEkMw7EQnyypHG60xVa","notify_url":"http://127.0.0.1:7000/webhooks/wechat/shop_1","amount":{"total":17600,"currency":"CNY"}}',1767607200000,1767607500000,1767607200000,NULL,'turn_iYfVOZmXjoGbNhNNJ17F7wFs:k1','',4);
CREATE TABLE ledger (
  seq INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  intent_id TEXT NOT NULL REFERENCES intents (id),
  kind TEXT NOT NULL CONSTRAINT ledger_kind CHECK (kind IN ('capture', 'late_capture', 'refund')),
  reference TEXT NOT NULL CONSTRAINT ledger_reference CHECK (reference <> ''),
  debit_account TEXT NOT NULL,
  credit_account TEXT NOT NULL,
  currency TEXT NOT NULL CONSTRAINT ledger_currency CHECK (length(currency) = 3),
  amount INTEGER NOT NULL CONSTRAINT ledger_amount CHECK (amount > 0),
  at INTEGER NOT NULL,
  hash TEXT NOT NULL CONSTRAINT ledger_hash CHECK (length(hash) = 64),
  CONSTRAINT ledger_accounts CHECK (debit_account <> credit_account),
  UNIQUE (kind, reference)
) STRICT;
INSERT INTO "ledger" VALUES(1,'shop_1','pi_g4nN5fEkMw7EQnyypHG60xVa','capture','4200047438202601057457818773','rail:wechat','merchant:shop_1','CNY',17600,1767607200000,'061b1a4474dda87652504761ca53d7db83e1f084566bb210d038b985e8758e0b');
INSERT INTO "ledger" VALUES(2,'shop_1','pi_g4nN5fEkMw7EQnyypHG60xVa','refund','2Nn0qZLHuQNJAQlQ5ms8epdYZ2Ja','merchant:shop_1','rail:wechat','CNY',8800,1767607201000,'d1982d3f8989b232707544b78d99037fb8ec4eac91424359342ac24cc2f692f8');
CREATE TABLE messages (
  row_no INTEGER PRIMARY KEY,
  thread_id TEXT NOT NULL REFERENCES threads (id),
  seq INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE,
  turn_id TEXT NOT NULL,
  role TEXT NOT NULL CONSTRAINT message_role CHECK (role IN ('user', 'assistant', 'tool', 'event')),
  text TEXT NOT NULL,
  calls TEXT NOT NULL,
  call_id TEXT NOT NULL,
  cards TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (thread_id, seq)
) STRICT;
INSERT INTO "messages" VALUES(1,'thr_YnveRrnJdVRLocuLdECVMbSN',1,'msg_ZYNeiPCDn0RvSBJn6hp6OkNW','turn_iYfVOZmXjoGbNhNNJ17F7wFs','user','来两包龙井','[]','','[]',1767607200000);
INSERT INTO "messages" VALUES(2,'thr_YnveRrnJdVRLocuLdECVMbSN',2,'msg_Mio6DOS6zAEe2v1uFfFBpVeH','turn_iYfVOZmXjoGbNhNNJ17F7wFs','assistant','','[{"arguments":"{\"lines\":[{\"quantity\":2,\"sku\":\"tea-longjing-100g\"}]}","id":"k1","name":"create_payment_intent"}]','','[]',1767607200000);
INSERT INTO "messages" VALUES(3,'thr_YnveRrnJdVRLocuLdECVMbSN',3,'msg_3xy7sPtDdcsQc9my9OjxdeKr','turn_iYfVOZmXjoGbNhNNJ17F7wFs','tool','{"created_at":"2026-01-05T10:00:00Z","currency":"CNY","expires_at":"2026-01-05T10:05:00Z","lines":[{"name":"西湖龙井 100克","quantity":2,"sku":"tea-longjing-100g","unit_price_fen":8800}],"payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","refundable_fen":0,"refunded_fen":0,"state":"awaiting_payment","status":"ok","total_fen":17600}','[]','k1','[{"amount":{"currency":"CNY","value":17600},"amount_text":"¥176.00","confirmation":{"code_url":"weixin://wxpay/bizpayurl?pr=1mZ37vIFyzz","type":"qr"},"created_at":"2026-01-05T10:00:00Z","description":"西湖龙井 100克 ×2","expires_at":"2026-01-05T10:05:00Z","lines":[{"name":"西湖龙井 100克","quantity":2,"sku":"tea-longjing-100g","unit_price":8800}],"out_trade_no":"k48Ch7abp8ii4TBUslGMKjPWcjzj","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","sandbox":true,"type":"payment_request"}]',1767607200000);
INSERT INTO "messages" VALUES(4,'thr_YnveRrnJdVRLocuLdECVMbSN',4,'msg_oY5uZ8tZoTIqFFaynxmGNA5o','turn_iYfVOZmXjoGbNhNNJ17F7wFs','assistant','好的，请付款。','[]','','[{"amount":{"currency":"CNY","value":17600},"amount_text":"¥176.00","confirmation":{"code_url":"weixin://wxpay/bizpayurl?pr=1mZ37vIFyzz","type":"qr"},"created_at":"2026-01-05T10:00:00Z","description":"西湖龙井 100克 ×2","expires_at":"2026-01-05T10:05:00Z","lines":[{"name":"西湖龙井 100克","quantity":2,"sku":"tea-longjing-100g","unit_price":8800}],"out_trade_no":"k48Ch7abp8ii4TBUslGMKjPWcjzj","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","sandbox":true,"type":"payment_request"}]',1767607200000);
INSERT INTO "messages" VALUES(5,'thr_YnveRrnJdVRLocuLdECVMbSN',5,'msg_Hpu4nVMrYsxV28DhRiVUJuEj','turn_xUvlXY9dfSr0tiJT1bJ0Km3x','event','{"currency":"CNY","lines":[{"name":"西湖龙井 100克","quantity":2,"sku":"tea-longjing-100g","unit_price_fen":8800}],"may_still_be_paid":false,"payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","refunded_fen":0,"state":"succeeded","total_fen":17600,"type":"intent.succeeded"}','[]','','[]',1767607200000);
INSERT INTO "messages" VALUES(6,'thr_YnveRrnJdVRLocuLdECVMbSN',6,'msg_ee3kasNHVAfGNd6aPw0L1GsX','turn_xUvlXY9dfSr0tiJT1bJ0Km3x','assistant','钱收到了，马上发货。','[]','','[{"amount":{"currency":"CNY","value":17600},"amount_text":"¥176.00","lines":[{"name":"西湖龙井 100克","quantity":2,"sku":"tea-longjing-100g","unit_price":8800}],"out_trade_no":"k48Ch7abp8ii4TBUslGMKjPWcjzj","paid_at":"2026-01-05T10:00:00Z","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","sandbox":true,"transaction_id":"4200047438202601057457818773","type":"payment_receipt"}]',1767607200000);
INSERT INTO "messages" VALUES(7,'thr_YnveRrnJdVRLocuLdECVMbSN',7,'msg_3NDpJiDTJJxGXbmk3Nm4D4g6','turn_cgDKSVfHMmynRfG8V1wBaOWY','user','有一包破了，退一包','[]','','[]',1767607200000);
INSERT INTO "messages" VALUES(8,'thr_YnveRrnJdVRLocuLdECVMbSN',8,'msg_WEuvTqKCuUEuK2cylwtpDKnP','turn_cgDKSVfHMmynRfG8V1wBaOWY','assistant','','[{"arguments":"{\"refunds\":[{\"lines\":[{\"quantity\":1,\"sku\":\"tea-longjing-100g\"}],\"payment_intent\":\"pi_g4nN5fEkMw7EQnyypHG60xVa\",\"reason\":\"商品有破损\"}]}","id":"k2","name":"refund"}]','','[]',1767607200000);
INSERT INTO "messages" VALUES(9,'thr_YnveRrnJdVRLocuLdECVMbSN',9,'msg_61KEqAkAUqIZAKGk6mDhrWMF','turn_cgDKSVfHMmynRfG8V1wBaOWY','tool','{"refunds":[{"amount_fen":8800,"payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","refund":"re_f0hNerTW8iMLlM5GhuJlb2ic","state":"processing"}],"status":"ok","total_fen":8800}','[]','k2','[{"amount":{"currency":"CNY","value":8800},"amount_text":"¥88.00","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","reason":"商品有破损","refund":"re_f0hNerTW8iMLlM5GhuJlb2ic","sandbox":true,"state":"processing","type":"refund_receipt"}]',1767607200000);
INSERT INTO "messages" VALUES(10,'thr_YnveRrnJdVRLocuLdECVMbSN',10,'msg_WeQnsttm5HM7LFS77ByWbejm','turn_cgDKSVfHMmynRfG8V1wBaOWY','assistant','一包的钱正在退回。','[]','','[{"amount":{"currency":"CNY","value":8800},"amount_text":"¥88.00","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","reason":"商品有破损","refund":"re_f0hNerTW8iMLlM5GhuJlb2ic","sandbox":true,"state":"processing","type":"refund_receipt"}]',1767607200000);
INSERT INTO "messages" VALUES(11,'thr_YnveRrnJdVRLocuLdECVMbSN',11,'msg_IC24VpFHIAAgXlU6OlCcf45q','turn_JLWE3vHEcldZnhkCnzehjiEW','event','{"amount_fen":8800,"currency":"CNY","late_payment":false,"lines":[{"name":"西湖龙井 100克","quantity":2,"sku":"tea-longjing-100g","unit_price_fen":8800}],"may_still_be_paid":false,"payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","refund":"re_f0hNerTW8iMLlM5GhuJlb2ic","refunded_fen":8800,"state":"succeeded","total_fen":17600,"type":"refund.succeeded"}','[]','','[]',1767607201000);
INSERT INTO "messages" VALUES(12,'thr_YnveRrnJdVRLocuLdECVMbSN',12,'msg_eZwMzfkKyQhSgZ5K2CJWw4y7','turn_JLWE3vHEcldZnhkCnzehjiEW','assistant','退款已经在路上了。','[]','','[{"amount":{"currency":"CNY","value":8800},"amount_text":"¥88.00","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","reason":"商品有破损","refund":"re_f0hNerTW8iMLlM5GhuJlb2ic","sandbox":true,"state":"succeeded","type":"refund_receipt"}]',1767607202000);
INSERT INTO "messages" VALUES(13,'thr_DBhsrz9qBMnvlRhaCrWQ39bn',1,'msg_3QAHGOmKBmW8dTtLbQHiISnP','turn_d63kw1v8MOfg66NSawv7J5dM','user','来一个茶杯','[]','','[]',1767607202000);
INSERT INTO "messages" VALUES(14,'thr_DBhsrz9qBMnvlRhaCrWQ39bn',2,'msg_8L2TZIcohAigY5ilGA2wDk82','turn_d63kw1v8MOfg66NSawv7J5dM','assistant','','[{"arguments":"{\"lines\":[{\"quantity\":1,\"sku\":\"cup-celadon\"}]}","id":"k3","name":"create_payment_intent"}]','','[]',1767607202000);
INSERT INTO "messages" VALUES(15,'thr_DBhsrz9qBMnvlRhaCrWQ39bn',3,'msg_0AgVXRZBuOv5ZuUfvKkBaxxK','turn_d63kw1v8MOfg66NSawv7J5dM','tool','{"created_at":"2026-01-05T10:00:02Z","currency":"CNY","expires_at":"2026-01-05T10:05:02Z","lines":[{"name":"龙泉青瓷茶杯","quantity":1,"sku":"cup-celadon","unit_price_fen":4500}],"payment_intent":"pi_8fA0hSzn98kE5mPo1lBCsc1G","refundable_fen":0,"refunded_fen":0,"state":"awaiting_payment","status":"ok","total_fen":4500}','[]','k3','[{"amount":{"currency":"CNY","value":4500},"amount_text":"¥45.00","confirmation":{"code_url":"weixin://wxpay/bizpayurl?pr=rjRmow1BEzz","type":"qr"},"created_at":"2026-01-05T10:00:02Z","description":"龙泉青瓷茶杯 ×1","expires_at":"2026-01-05T10:05:02Z","lines":[{"name":"龙泉青瓷茶杯","quantity":1,"sku":"cup-celadon","unit_price":4500}],"out_trade_no":"KcgUVmAfvtHs2CoEolSuBitYoHuE","payment_intent":"pi_8fA0hSzn98kE5mPo1lBCsc1G","sandbox":true,"type":"payment_request"}]',1767607202000);
INSERT INTO "messages" VALUES(16,'thr_DBhsrz9qBMnvlRhaCrWQ39bn',4,'msg_Jrq74G1PmNvdaoiX4pPFzLoT','turn_d63kw1v8MOfg66NSawv7J5dM','assistant','好的，请付款。','[]','','[{"amount":{"currency":"CNY","value":4500},"amount_text":"¥45.00","confirmation":{"code_url":"weixin://wxpay/bizpayurl?pr=rjRmow1BEzz","type":"qr"},"created_at":"2026-01-05T10:00:02Z","description":"龙泉青瓷茶杯 ×1","expires_at":"2026-01-05T10:05:02Z","lines":[{"name":"龙泉青瓷茶杯","quantity":1,"sku":"cup-celadon","unit_price":4500}],"out_trade_no":"KcgUVmAfvtHs2CoEolSuBitYoHuE","payment_intent":"pi_8fA0hSzn98kE5mPo1lBCsc1G","sandbox":true,"type":"payment_request"}]',1767607202000);
INSERT INTO "messages" VALUES(17,'thr_jjJQt9S8K5Fci7K4vDzNtbD6',1,'msg_CKfKkev8ParaLBuaTw0eEFjE','turn_0w8HED8JQpGQVkOM6o4yGh4b','user','来一包茉莉花茶','[]','','[]',1767607202000);
INSERT INTO "messages" VALUES(18,'thr_jjJQt9S8K5Fci7K4vDzNtbD6',2,'msg_niVoO8v6WysZgbhJCwmPmxjr','turn_0w8HED8JQpGQVkOM6o4yGh4b','assistant','','[{"arguments":"{\"lines\":[{\"quantity\":1,\"sku\":\"tea-jasmine-50g\"}]}","id":"k4","name":"create_payment_intent"}]','','[]',1767607202000);
INSERT INTO "messages" VALUES(19,'thr_jjJQt9S8K5Fci7K4vDzNtbD6',3,'msg_KUFB4u5zdOkzm1M8sDSxiu7i','turn_0w8HED8JQpGQVkOM6o4yGh4b','tool','{"created_at":"2026-01-05T10:00:02Z","currency":"CNY","expires_at":"2026-01-05T10:05:02Z","lines":[{"name":"茉莉花茶 50克","quantity":1,"sku":"tea-jasmine-50g","unit_price_fen":2990}],"payment_intent":"pi_8dFraHTMJjnBCJgKAA3b4VHH","refundable_fen":0,"refunded_fen":0,"state":"awaiting_payment","status":"ok","total_fen":2990}','[]','k4','[{"amount":{"currency":"CNY","value":2990},"amount_text":"¥29.90","confirmation":{"code_url":"weixin://wxpay/bizpayurl?pr=F5Rva5FSyzz","type":"qr"},"created_at":"2026-01-05T10:00:02Z","description":"茉莉花茶 50克 ×1","expires_at":"2026-01-05T10:05:02Z","lines":[{"name":"茉莉花茶 50克","quantity":1,"sku":"tea-jasmine-50g","unit_price":2990}],"out_trade_no":"gsgDJOMl9AhX88iZRVRx7n6cMmfy","payment_intent":"pi_8dFraHTMJjnBCJgKAA3b4VHH","sandbox":true,"type":"payment_request"}]',1767607202000);
INSERT INTO "messages" VALUES(20,'thr_jjJQt9S8K5Fci7K4vDzNtbD6',4,'msg_d7XYil5rocvuiNuGRo3F6uI6','turn_0w8HED8JQpGQVkOM6o4yGh4b','assistant','好的，请付款。','[]','','[{"amount":{"currency":"CNY","value":2990},"amount_text":"¥29.90","confirmation":{"code_url":"weixin://wxpay/bizpayurl?pr=F5Rva5FSyzz","type":"qr"},"created_at":"2026-01-05T10:00:02Z","description":"茉莉花茶 50克 ×1","expires_at":"2026-01-05T10:05:02Z","lines":[{"name":"茉莉花茶 50克","quantity":1,"sku":"tea-jasmine-50g","unit_price":2990}],"out_trade_no":"gsgDJOMl9AhX88iZRVRx7n6cMmfy","payment_intent":"pi_8dFraHTMJjnBCJgKAA3b4VHH","sandbox":true,"type":"payment_request"}]',1767607202000);
INSERT INTO "messages" VALUES(21,'thr_LizLYC8nHTQ2Bge6x3POww6J',1,'msg_jn1VjMVAjX3BQFJ0DxKLuE3M','turn_0HSLob1DwEFj5E9w0WDsJiSB','user','来一个茶杯','[]','','[]',1767607202000);
INSERT INTO "messages" VALUES(22,'thr_LizLYC8nHTQ2Bge6x3POww6J',2,'msg_FORFQ3DKS0uAoyYnViPnCdlu','turn_0HSLob1DwEFj5E9w0WDsJiSB','assistant','','[{"arguments":"{\"lines\":[{\"quantity\":1,\"sku\":\"cup-celadon\"}]}","id":"k5","name":"create_payment_intent"}]','','[]',1767607202000);
INSERT INTO "messages" VALUES(23,'thr_LizLYC8nHTQ2Bge6x3POww6J',3,'msg_JYZN2syZmp4MphDrOVdQ31lA','turn_0HSLob1DwEFj5E9w0WDsJiSB','tool','{"created_at":"2026-01-05T10:00:02Z","currency":"CNY","expires_at":"2026-01-05T10:05:02Z","lines":[{"name":"龙泉青瓷茶杯","quantity":1,"sku":"cup-celadon","unit_price_fen":4500}],"payment_intent":"pi_DzFo1IHmgGgHLsf4WArwDcH7","refundable_fen":0,"refunded_fen":0,"state":"unknown","status":"ok","total_fen":4500}','[]','k5','[]',1767607210000);
INSERT INTO "messages" VALUES(24,'thr_LizLYC8nHTQ2Bge6x3POww6J',4,'msg_XK7uy9BHA17m44Tc9MMiIk9W','turn_0HSLob1DwEFj5E9w0WDsJiSB','assistant','稍等，正在确认。','[]','','[]',1767607210000);
CREATE TABLE refunds (
  row_no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  intent_id TEXT NOT NULL REFERENCES intents (id),
  tenant_id TEXT NOT NULL,
  thread_id TEXT NOT NULL REFERENCES threads (id),
  out_refund_no TEXT NOT NULL UNIQUE CONSTRAINT refund_out_refund_no CHECK (out_refund_no <> ''),
  state TEXT NOT NULL CONSTRAINT refund_state CHECK (state IN ('created', 'processing', 'succeeded', 'failed',
    'abnormal', 'unknown')),
  currency TEXT NOT NULL CONSTRAINT refund_currency CHECK (length(currency) = 3),
  amount INTEGER NOT NULL CONSTRAINT refund_amount CHECK (amount >= 0),
  reason TEXT NOT NULL,
  rail_refund_id TEXT NOT NULL,
  origin TEXT NOT NULL CONSTRAINT refund_origin CHECK (origin <> ''),
  failure TEXT NOT NULL,
  request_body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  settled_at INTEGER NOT NULL,
  version INTEGER NOT NULL CONSTRAINT refund_version CHECK (version >= 0),
  UNIQUE (thread_id, origin)
) STRICT;
INSERT INTO "refunds" VALUES(1,'re_f0hNerTW8iMLlM5GhuJlb2ic','pi_g4nN5fEkMw7EQnyypHG60xVa','shop_1','thr_YnveRrnJdVRLocuLdECVMbSN','2Nn0qZLHuQNJAQlQ5ms8epdYZ2Ja','succeeded','CNY',8800,'商品有破损','5030089120708063016200312083','turn_cgDKSVfHMmynRfG8V1wBaOWY:k2:0','','{"out_trade_no":"k48Ch7abp8ii4TBUslGMKjPWcjzj","out_refund_no":"2Nn0qZLHuQNJAQlQ5ms8epdYZ2Ja","reason":"商品有破损","notify_url":"http://127.0.0.1:7000/webhooks/wechat/shop_1","amount":{"refund":8800,"total":17600,"currency":"CNY"}}',1767607200000,1767607200000,1767607201000,2);
CREATE TABLE threads (
  id TEXT NOT NULL PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  openid TEXT NOT NULL,
  locale TEXT NOT NULL,
  metadata TEXT NOT NULL,
  state TEXT NOT NULL CONSTRAINT thread_state CHECK (state IN ('idle', 'running', 'awaiting_payment')),
  created_at INTEGER NOT NULL,
  intents_made INTEGER NOT NULL CONSTRAINT thread_intents_made CHECK (intents_made >= 0),
  version INTEGER NOT NULL CONSTRAINT thread_version CHECK (version >= 0)
) STRICT;
INSERT INTO "threads" VALUES('thr_YnveRrnJdVRLocuLdECVMbSN','shop_1','u_returns','','zh','{}','idle',1767607200000,1,9);
INSERT INTO "threads" VALUES('thr_4iqAYBoyiDwSl3FbpXg9EcQv','shop_1','u_1','','zh','{}','idle',1767607200000,0,0);
INSERT INTO "threads" VALUES('thr_DBhsrz9qBMnvlRhaCrWQ39bn','shop_1','u_pays','','zh','{}','idle',1767607202000,1,3);
INSERT INTO "threads" VALUES('thr_jjJQt9S8K5Fci7K4vDzNtbD6','shop_1','u_leaves','','zh','{}','idle',1767607202000,1,3);
INSERT INTO "threads" VALUES('thr_LizLYC8nHTQ2Bge6x3POww6J','shop_1','u_fails','','zh','{}','idle',1767607202000,1,3);
CREATE TABLE turns (
  row_no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  thread_id TEXT NOT NULL REFERENCES threads (id),
  tenant_id TEXT NOT NULL,
  state TEXT NOT NULL CONSTRAINT turn_state CHECK (state IN ('running', 'completed', 'failed')),
  cause TEXT NOT NULL,
  result TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL
) STRICT;
INSERT INTO "turns" VALUES(1,'turn_iYfVOZmXjoGbNhNNJ17F7wFs','thr_YnveRrnJdVRLocuLdECVMbSN','shop_1','completed','user','{"id":"turn_iYfVOZmXjoGbNhNNJ17F7wFs","intents":[{"amount":{"currency":"CNY","value":17600},"channel":"wechat","created_at":"2026-01-05T10:00:00Z","description":"西湖龙井 100克 ×2","expires_at":"2026-01-05T10:05:00Z","id":"pi_g4nN5fEkMw7EQnyypHG60xVa","lines":[{"name":"西湖龙井 100克","quantity":2,"sku":"tea-longjing-100g","unit_price":8800}],"object":"payment_intent","order":{"out_trade_no":"k48Ch7abp8ii4TBUslGMKjPWcjzj"},"refunded":0,"state":"awaiting_payment","thread_id":"thr_YnveRrnJdVRLocuLdECVMbSN","user_id":"u_returns"}],"object":"turn","refunds":[],"reply":{"cards":[{"amount":{"currency":"CNY","value":17600},"amount_text":"¥176.00","confirmation":{"code_url":"weixin://wxpay/bizpayurl?pr=1mZ37vIFyzz","type":"qr"},"created_at":"2026-01-05T10:00:00Z","description":"西湖龙井 100克 ×2","expires_at":"2026-01-05T10:05:00Z","lines":[{"name":"西湖龙井 100克","quantity":2,"sku":"tea-longjing-100g","unit_price":8800}],"out_trade_no":"k48Ch7abp8ii4TBUslGMKjPWcjzj","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","sandbox":true,"type":"payment_request"}],"text":"好的，请付款。"},"thread":{"id":"thr_YnveRrnJdVRLocuLdECVMbSN","state":"awaiting_payment"},"usage":{"estimated":false,"input_tokens":200,"output_tokens":40}}',1767607200000,1767607200000);
INSERT INTO "turns" VALUES(2,'turn_xUvlXY9dfSr0tiJT1bJ0Km3x','thr_YnveRrnJdVRLocuLdECVMbSN','shop_1','completed','intent.succeeded:pi_g4nN5fEkMw7EQnyypHG60xVa','{"id":"turn_xUvlXY9dfSr0tiJT1bJ0Km3x","intents":[{"amount":{"currency":"CNY","value":17600},"channel":"wechat","created_at":"2026-01-05T10:00:00Z","description":"西湖龙井 100克 ×2","expires_at":"2026-01-05T10:05:00Z","id":"pi_g4nN5fEkMw7EQnyypHG60xVa","lines":[{"name":"西湖龙井 100克","quantity":2,"sku":"tea-longjing-100g","unit_price":8800}],"object":"payment_intent","order":{"out_trade_no":"k48Ch7abp8ii4TBUslGMKjPWcjzj","transaction_id":"4200047438202601057457818773"},"paid_at":"2026-01-05T10:00:00Z","refunded":0,"state":"succeeded","thread_id":"thr_YnveRrnJdVRLocuLdECVMbSN","user_id":"u_returns"}],"object":"turn","refunds":[],"reply":{"cards":[{"amount":{"currency":"CNY","value":17600},"amount_text":"¥176.00","lines":[{"name":"西湖龙井 100克","quantity":2,"sku":"tea-longjing-100g","unit_price":8800}],"out_trade_no":"k48Ch7abp8ii4TBUslGMKjPWcjzj","paid_at":"2026-01-05T10:00:00Z","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","sandbox":true,"transaction_id":"4200047438202601057457818773","type":"payment_receipt"}],"text":"钱收到了，马上发货。"},"thread":{"id":"thr_YnveRrnJdVRLocuLdECVMbSN","state":"idle"},"usage":{"estimated":false,"input_tokens":100,"output_tokens":20}}',1767607200000,1767607200000);
INSERT INTO "turns" VALUES(3,'turn_cgDKSVfHMmynRfG8V1wBaOWY','thr_YnveRrnJdVRLocuLdECVMbSN','shop_1','completed','user','{"id":"turn_cgDKSVfHMmynRfG8V1wBaOWY","intents":[{"amount":{"currency":"CNY","value":17600},"channel":"wechat","created_at":"2026-01-05T10:00:00Z","description":"西湖龙井 100克 ×2","expires_at":"2026-01-05T10:05:00Z","id":"pi_g4nN5fEkMw7EQnyypHG60xVa","lines":[{"name":"西湖龙井 100克","quantity":2,"sku":"tea-longjing-100g","unit_price":8800}],"object":"payment_intent","order":{"out_trade_no":"k48Ch7abp8ii4TBUslGMKjPWcjzj","transaction_id":"4200047438202601057457818773"},"paid_at":"2026-01-05T10:00:00Z","refunded":0,"state":"succeeded","thread_id":"thr_YnveRrnJdVRLocuLdECVMbSN","user_id":"u_returns"}],"object":"turn","refunds":[{"amount":{"currency":"CNY","value":8800},"created_at":"2026-01-05T10:00:00Z","due_at":"2026-01-05T10:00:00Z","id":"re_f0hNerTW8iMLlM5GhuJlb2ic","object":"refund","out_refund_no":"2Nn0qZLHuQNJAQlQ5ms8epdYZ2Ja","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","reason":"商品有破损","state":"processing","thread_id":"thr_YnveRrnJdVRLocuLdECVMbSN"}],"reply":{"cards":[{"amount":{"currency":"CNY","value":8800},"amount_text":"¥88.00","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","reason":"商品有破损","refund":"re_f0hNerTW8iMLlM5GhuJlb2ic","sandbox":true,"state":"processing","type":"refund_receipt"}],"text":"一包的钱正在退回。"},"thread":{"id":"thr_YnveRrnJdVRLocuLdECVMbSN","state":"idle"},"usage":{"estimated":false,"input_tokens":200,"output_tokens":40}}',1767607200000,1767607200000);
INSERT INTO "turns" VALUES(4,'turn_JLWE3vHEcldZnhkCnzehjiEW','thr_YnveRrnJdVRLocuLdECVMbSN','shop_1','completed','refund.succeeded:re_f0hNerTW8iMLlM5GhuJlb2ic','{"id":"turn_JLWE3vHEcldZnhkCnzehjiEW","intents":[{"amount":{"currency":"CNY","value":17600},"channel":"wechat","created_at":"2026-01-05T10:00:00Z","description":"西湖龙井 100克 ×2","expires_at":"2026-01-05T10:05:00Z","id":"pi_g4nN5fEkMw7EQnyypHG60xVa","lines":[{"name":"西湖龙井 100克","quantity":2,"sku":"tea-longjing-100g","unit_price":8800}],"object":"payment_intent","order":{"out_trade_no":"k48Ch7abp8ii4TBUslGMKjPWcjzj","transaction_id":"4200047438202601057457818773"},"paid_at":"2026-01-05T10:00:00Z","refunded":8800,"state":"succeeded","thread_id":"thr_YnveRrnJdVRLocuLdECVMbSN","user_id":"u_returns"}],"object":"turn","refunds":[{"amount":{"currency":"CNY","value":8800},"created_at":"2026-01-05T10:00:00Z","due_at":"2026-01-05T10:00:00Z","id":"re_f0hNerTW8iMLlM5GhuJlb2ic","object":"refund","out_refund_no":"2Nn0qZLHuQNJAQlQ5ms8epdYZ2Ja","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","reason":"商品有破损","settled_at":"2026-01-05T10:00:01Z","state":"succeeded","thread_id":"thr_YnveRrnJdVRLocuLdECVMbSN"}],"reply":{"cards":[{"amount":{"currency":"CNY","value":8800},"amount_text":"¥88.00","payment_intent":"pi_g4nN5fEkMw7EQnyypHG60xVa","reason":"商品有破损","refund":"re_f0hNerTW8iMLlM5GhuJlb2ic","sandbox":true,"state":"succeeded","type":"refund_receipt"}],"text":"退款已经在路上了。"},"thread":{"id":"thr_YnveRrnJdVRLocuLdECVMbSN","state":"idle"},"usage":{"estimated":false,"input_tokens":100,"output_tokens":20}}',1767607201000,1767607202000);
INSERT INTO "turns" VALUES(5,'turn_d63kw1v8MOfg66NSawv7J5dM','thr_DBhsrz9qBMnvlRhaCrWQ39bn','shop_1','completed','user','{"id":"turn_d63kw1v8MOfg66NSawv7J5dM","intents":[{"amount":{"currency":"CNY","value":4500},"channel":"wechat","created_at":"2026-01-05T10:00:02Z","description":"龙泉青瓷茶杯 ×1","expires_at":"2026-01-05T10:05:02Z","id":"pi_8fA0hSzn98kE5mPo1lBCsc1G","lines":[{"name":"龙泉青瓷茶杯","quantity":1,"sku":"cup-celadon","unit_price":4500}],"object":"payment_intent","order":{"out_trade_no":"KcgUVmAfvtHs2CoEolSuBitYoHuE"},"refunded":0,"state":"awaiting_payment","thread_id":"thr_DBhsrz9qBMnvlRhaCrWQ39bn","user_id":"u_pays"}],"object":"turn","refunds":[],"reply":{"cards":[{"amount":{"currency":"CNY","value":4500},"amount_text":"¥45.00","confirmation":{"code_url":"weixin://wxpay/bizpayurl?pr=rjRmow1BEzz","type":"qr"},"created_at":"2026-01-05T10:00:02Z","description":"龙泉青瓷茶杯 ×1","expires_at":"2026-01-05T10:05:02Z","lines":[{"name":"龙泉青瓷茶杯","quantity":1,"sku":"cup-celadon","unit_price":4500}],"out_trade_no":"KcgUVmAfvtHs2CoEolSuBitYoHuE","payment_intent":"pi_8fA0hSzn98kE5mPo1lBCsc1G","sandbox":true,"type":"payment_request"}],"text":"好的，请付款。"},"thread":{"id":"thr_DBhsrz9qBMnvlRhaCrWQ39bn","state":"awaiting_payment"},"usage":{"estimated":false,"input_tokens":200,"output_tokens":40}}',1767607202000,1767607202000);
INSERT INTO "turns" VALUES(6,'turn_0w8HED8JQpGQVkOM6o4yGh4b','thr_jjJQt9S8K5Fci7K4vDzNtbD6','shop_1','completed','user','{"id":"turn_0w8HED8JQpGQVkOM6o4yGh4b","intents":[{"amount":{"currency":"CNY","value":2990},"channel":"wechat","created_at":"2026-01-05T10:00:02Z","description":"茉莉花茶 50克 ×1","expires_at":"2026-01-05T10:05:02Z","id":"pi_8dFraHTMJjnBCJgKAA3b4VHH","lines":[{"name":"茉莉花茶 50克","quantity":1,"sku":"tea-jasmine-50g","unit_price":2990}],"object":"payment_intent","order":{"out_trade_no":"gsgDJOMl9AhX88iZRVRx7n6cMmfy"},"refunded":0,"state":"awaiting_payment","thread_id":"thr_jjJQt9S8K5Fci7K4vDzNtbD6","user_id":"u_leaves"}],"object":"turn","refunds":[],"reply":{"cards":[{"amount":{"currency":"CNY","value":2990},"amount_text":"¥29.90","confirmation":{"code_url":"weixin://wxpay/bizpayurl?pr=F5Rva5FSyzz","type":"qr"},"created_at":"2026-01-05T10:00:02Z","description":"茉莉花茶 50克 ×1","expires_at":"2026-01-05T10:05:02Z","lines":[{"name":"茉莉花茶 50克","quantity":1,"sku":"tea-jasmine-50g","unit_price":2990}],"out_trade_no":"gsgDJOMl9AhX88iZRVRx7n6cMmfy","payment_intent":"pi_8dFraHTMJjnBCJgKAA3b4VHH","sandbox":true,"type":"payment_request"}],"text":"好的，请付款。"},"thread":{"id":"thr_jjJQt9S8K5Fci7K4vDzNtbD6","state":"awaiting_payment"},"usage":{"estimated":false,"input_tokens":200,"output_tokens":40}}',1767607202000,1767607202000);
INSERT INTO "turns" VALUES(7,'turn_0HSLob1DwEFj5E9w0WDsJiSB','thr_LizLYC8nHTQ2Bge6x3POww6J','shop_1','completed','user','{"id":"turn_0HSLob1DwEFj5E9w0WDsJiSB","intents":[{"amount":{"currency":"CNY","value":4500},"channel":"wechat","created_at":"2026-01-05T10:00:02Z","description":"龙泉青瓷茶杯 ×1","expires_at":"2026-01-05T10:05:02Z","failure":"timed_out","id":"pi_DzFo1IHmgGgHLsf4WArwDcH7","lines":[{"name":"龙泉青瓷茶杯","quantity":1,"sku":"cup-celadon","unit_price":4500}],"object":"payment_intent","order":{"out_trade_no":"WWTPSJotUOnjYM6c6RAAZAtSnbNi"},"refunded":0,"state":"unknown","thread_id":"thr_LizLYC8nHTQ2Bge6x3POww6J","user_id":"u_fails"}],"object":"turn","refunds":[],"reply":{"cards":[],"text":"稍等，正在确认。"},"thread":{"id":"thr_LizLYC8nHTQ2Bge6x3POww6J","state":"awaiting_payment"},"usage":{"estimated":false,"input_tokens":200,"output_tokens":40}}',1767607202000,1767607210000);
CREATE TRIGGER thread_identity BEFORE UPDATE ON threads
WHEN NEW.id <> OLD.id OR NEW.tenant_id <> OLD.tenant_id OR NEW.user_id <> OLD.user_id
  OR NEW.created_at <> OLD.created_at
BEGIN SELECT RAISE(ABORT, 'thread_identity'); END;
CREATE UNIQUE INDEX turns_running ON turns (thread_id) WHERE state = 'running';
CREATE INDEX turns_thread ON turns (thread_id);
CREATE UNIQUE INDEX intents_active ON intents (tenant_id, user_id)
  WHERE state IN ('created', 'awaiting_payment', 'unknown');
CREATE TRIGGER intent_identity BEFORE UPDATE ON intents
WHEN NEW.id <> OLD.id OR NEW.tenant_id <> OLD.tenant_id OR NEW.thread_id <> OLD.thread_id
  OR NEW.user_id <> OLD.user_id OR NEW.amount <> OLD.amount OR NEW.currency <> OLD.currency
  OR NEW.out_trade_no <> OLD.out_trade_no OR NEW.origin <> OLD.origin OR NEW.created_at <> OLD.created_at
BEGIN SELECT RAISE(ABORT, 'intent_identity'); END;
CREATE INDEX refunds_intent ON refunds (intent_id);
CREATE TRIGGER refund_identity BEFORE UPDATE ON refunds
WHEN NEW.id <> OLD.id OR NEW.intent_id <> OLD.intent_id OR NEW.tenant_id <> OLD.tenant_id
  OR NEW.thread_id <> OLD.thread_id OR NEW.amount <> OLD.amount OR NEW.currency <> OLD.currency
  OR NEW.out_refund_no <> OLD.out_refund_no OR NEW.origin <> OLD.origin OR NEW.created_at <> OLD.created_at
BEGIN SELECT RAISE(ABORT, 'refund_identity'); END;
CREATE INDEX ledger_intent ON ledger (intent_id);
CREATE INDEX ledger_tenant ON ledger (tenant_id);
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'ledger_append_only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'ledger_append_only'); END;
COMMIT;
